import { expect, test } from 'vitest';
import { exponential } from './exponential.ts';
import { createRandom } from './random.ts';

test('agrees with Math.exp to two units in the last place', () => {
  const random = createRandom(11);
  let largest = 0;
  for (let i = 0; i < 20_000; i++) {
    const x = -(random.uniform() ** 3) * 700;
    const expected = Math.exp(x);
    largest = Math.max(largest, Math.abs(exponential(x) - expected) / expected);
  }
  expect(largest).toBeLessThan(2 * Number.EPSILON);
});

test('handles the ends of its range', () => {
  expect(exponential(0)).toBe(1);
  expect(exponential(-0)).toBe(1);
  expect(exponential(-720)).toBeCloseTo(Math.exp(-720), 318);
  expect(exponential(-746)).toBe(0);
  expect(exponential(Number.NEGATIVE_INFINITY)).toBe(0);
  expect(exponential(Number.NaN)).toBeNaN();
});
