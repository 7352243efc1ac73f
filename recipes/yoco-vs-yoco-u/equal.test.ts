import { describe, expect, test } from 'vitest';
import { costAt, lossAt } from './equal.ts';

/** A straight line in log(cost): 5 − ln(cost). */
const straight = [10, 30, 100].map((cost) => ({ cost, loss: 5 - Math.log(cost) }));
const bent = [
  { cost: 1, loss: 4 },
  { cost: 2, loss: 3 },
  { cost: 4, loss: 2.5 },
];

describe('loss at a cost', () => {
  test('is exact on a line in log(cost), between budgets and on them', () => {
    for (const cost of [10, 12.5, 30, 77, 100]) expect(lossAt(straight, cost)).toBeCloseTo(5 - Math.log(cost), 12);
  });

  test('is halfway at the geometric mean of two budgets', () => {
    expect(lossAt(bent, Math.SQRT2)).toBeCloseTo(3.5, 12);
    expect(lossAt(bent, 2 * Math.SQRT2)).toBeCloseTo(2.75, 12);
  });

  test('does not depend on the order of the budgets', () => {
    expect(lossAt([bent[2]!, bent[0]!, bent[1]!], 3)).toBe(lossAt(bent, 3));
  });

  test('is unknown outside the budgets, and with fewer than two', () => {
    for (const cost of [0.5, 0.999, 4.001, 1e9]) expect(lossAt(bent, cost)).toBeUndefined();
    expect(lossAt([], 1)).toBeUndefined();
    expect(lossAt([bent[0]!], 1)).toBeUndefined();
  });
});

describe('cost at a loss', () => {
  test('undoes loss at a cost', () => {
    for (const cost of [10, 12.5, 30, 77, 100]) expect(costAt(straight, lossAt(straight, cost)!)).toBeCloseTo(cost, 9);
  });

  test('is unknown for losses that the budgets do not cover', () => {
    for (const loss of [4.01, 2.49]) expect(costAt(bent, loss)).toBeUndefined();
  });

  test('of a curve that rises again is where the loss is reached first', () => {
    const risen = [...bent, { cost: 8, loss: 3.5 }];
    expect(costAt(risen, 3)).toBeCloseTo(2, 12);
    expect(costAt(risen, 3.25)).toBeCloseTo(2 ** 0.75, 12);
  });

  test('of a level stretch is its beginning', () => {
    const level = [
      { cost: 1, loss: 2 },
      { cost: 2, loss: 2 },
      { cost: 4, loss: 1 },
    ];
    expect(costAt(level, 2)).toBeCloseTo(1, 12);
    expect(costAt(level, 1.5)).toBeCloseTo(2 * Math.SQRT2, 12);
  });
});
