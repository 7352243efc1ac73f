import { RequestError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { logitBias } from './logit-bias.ts';
import { minP } from './min-p.ts';
import { occurrencePenalty } from './occurrence-penalty.ts';
import { repetitionPenalty } from './repetition-penalty.ts';
import { temperature } from './temperature.ts';
import { candidatesOf, emptyContext, live, randomLogits, ranked, softmax, survivors } from './testing.ts';
import { topK } from './top-k.ts';
import { topP } from './top-p.ts';

const trials = Array.from({ length: 40 }, (_, seed) => randomLogits(11 + seed * 23, seed, 1 + (seed % 5)));

describe('topK', () => {
  test('keeps what a full sort keeps', () => {
    for (const logits of trials) {
      const expected = ranked(logits).slice(0, 9);
      expect(survivors(topK(9), logits)).toEqual(expected.map(({ id }) => id));
    }
  });

  test('keeps exactly k among equal logits, the lowest ids', () => {
    expect(survivors(topK(3), [1, 5, 5, 5, 5])).toEqual([1, 2, 3]);
  });

  test('leaves fewer candidates than k alone', () => {
    expect(survivors(topK(10), [3, 1, 2])).toEqual([0, 1, 2]);
  });
});

describe('topP', () => {
  test('keeps the smallest set that reaches the mass', () => {
    for (const logits of trials) {
      for (const mass of [0.1, 0.5, 0.9, 0.99]) {
        const order = ranked(logits);
        const probabilities = softmax(order.map(({ logit }) => logit));
        const kept = survivors(topP(mass), logits);
        const massOf = (count: number) => probabilities.slice(0, count).reduce((sum, p) => sum + p, 0);
        expect(kept).toEqual(order.slice(0, kept.length).map(({ id }) => id));
        expect(massOf(kept.length)).toBeGreaterThanOrEqual(mass - 1e-12);
        expect(massOf(kept.length - 1)).toBeLessThan(mass + 1e-12);
      }
    }
  });

  test('keeps one candidate at mass 0 and all at mass 1', () => {
    expect(survivors(topP(0), [1, 3, 2])).toEqual([1]);
    expect(survivors(topP(1), [1, -50, 2])).toEqual([0, 1, 2]);
  });

  test('an exact share of equal candidates needs no extra one', () => {
    expect(survivors(topP(0.5), [2, 2, 2, 2])).toEqual([0, 1]);
  });

  test('measures the mass among the candidates that are left', () => {
    const candidates = candidatesOf([4, 4, 4, 4, 4, 4, 4, 4]);
    topK(4).apply(candidates, emptyContext);
    topP(0.5).apply(candidates, emptyContext);
    expect(live(candidates).map(({ id }) => id)).toEqual([0, 1]);
  });

  test('never keeps impossible candidates below mass 1', () => {
    expect(survivors(topP(0.999999), [0, Number.NEGATIVE_INFINITY, 0])).toEqual([0, 2]);
  });
});

describe('minP', () => {
  test('keeps candidates of at least the share of the best probability', () => {
    for (const logits of trials) {
      const probabilities = softmax([...logits]);
      const limit = 0.07 * Math.max(...probabilities);
      const expected = probabilities.flatMap((probability, id) => (probability >= limit ? [id] : []));
      expect(survivors(minP(0.07), logits)).toEqual(expected);
    }
  });

  test('keeps the best and its equals at 1, all at 0', () => {
    expect(survivors(minP(1), [2, 1, 2])).toEqual([0, 2]);
    expect(survivors(minP(0), [2, -90, 2])).toEqual([0, 1, 2]);
  });
});

describe('temperature', () => {
  test('divides logits', () => {
    const candidates = candidatesOf([3, -1, 0.5]);
    temperature(0.5).apply(candidates, emptyContext);
    expect(live(candidates).map(({ logit }) => logit)).toEqual([6, -2, 1]);
  });

  test('keeps only the best, lowest id first, at 0', () => {
    expect(survivors(temperature(0), [1, 4, 4])).toEqual([1]);
  });

  test.each([[[90, 89, -3]], [[-3, -90, -4]]])('the best of %j stays finite at tiny temperatures', (logits) => {
    const candidates = candidatesOf(logits);
    temperature(1e-40).apply(candidates, emptyContext);
    expect(candidates.logits[0]).toBe(0);
    expect(candidates.logits[1]).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('repetitionPenalty', () => {
  const penalised = (logits: number[], ids: number[], lastN?: number) => {
    const candidates = candidatesOf(logits);
    repetitionPenalty(2, lastN === undefined ? {} : { lastN }).apply(candidates, { ids, promptLength: 1 });
    return [...candidates.logits];
  };

  test('divides positive and multiplies negative logits of seen ids, once each', () => {
    expect(penalised([4, -4, 6, 0], [0, 1, 0, 3])).toEqual([2, -8, 6, 0]);
  });

  test('looks only at the last n ids', () => {
    expect(penalised([4, 4, 4], [0, 1, 2], 2)).toEqual([4, 2, 2]);
    expect(penalised([4, 4, 4], [0, 1, 2], 50)).toEqual([2, 2, 2]);
  });

  test('forgets ids that left the window between steps', () => {
    const processor = repetitionPenalty(2, { lastN: 1 });
    for (const [ids, expected] of [
      [[0], [2, 4]],
      [
        [0, 1],
        [4, 2],
      ],
    ] as const) {
      const candidates = candidatesOf([4, 4]);
      processor.apply(candidates, { ids, promptLength: 0 });
      expect([...candidates.logits]).toEqual(expected);
    }
  });

  test('works on narrowed candidates and on context ids beyond them, and clears the order', () => {
    const candidates = candidatesOf([1, 9, 8]);
    topK(2).apply(candidates, emptyContext);
    repetitionPenalty(3).apply(candidates, { ids: [1, 900], promptLength: 0 });
    expect(live(candidates)).toEqual([
      { id: 1, logit: 3 },
      { id: 2, logit: 8 },
    ]);
    expect(candidates.sorted).toBe(false);
  });
});

test.each([
  ['temperature', () => temperature(-1)],
  ['temperature', () => temperature(Number.NaN)],
  ['topK', () => topK(0)],
  ['topK', () => topK(2.5)],
  ['topP', () => topP(1.01)],
  ['topP', () => topP(-0.1)],
  ['minP', () => minP(Number.POSITIVE_INFINITY)],
  ['repetitionPenalty', () => repetitionPenalty(0)],
  ['repetitionPenalty', () => repetitionPenalty(1.1, { lastN: 0 })],
])('%s refuses values out of range', (name, make) => {
  expect(make).toThrow(RequestError);
  expect(make).toThrow(name);
});

describe('logitBias', () => {
  test('adds to the logits of its ids alone, in whatever order they are', () => {
    const candidates = candidatesOf([1, 5, 3, 4]);
    topK(3).apply(candidates, emptyContext);
    logitBias({ 0: 9, 2: 2.5 }).apply(candidates, emptyContext);
    expect(live(candidates)).toEqual([
      { id: 1, logit: 5 },
      { id: 3, logit: 4 },
      { id: 2, logit: 5.5 },
    ]);
    expect(candidates.sorted).toBe(false);
  });

  test('refuses an id that the vocabulary does not have', () => {
    expect(() => logitBias({ 4: 1 }).apply(candidatesOf([1, 2, 3, 4]), emptyContext)).toThrow('ids from 0 to 3, got 4');
  });
});

describe('occurrencePenalty', () => {
  test('takes frequency for each time and presence once, of what was generated', () => {
    const penalty = occurrencePenalty({ frequency: 0.5, presence: 2 });
    const context = { ids: [0, 0, 3, 1, 1, 2], promptLength: 2 };
    for (let again = 0; again < 2; again++) {
      const candidates = candidatesOf([10, 10, 10, 10, 10]);
      penalty.apply(candidates, context);
      expect([...candidates.logits]).toEqual([10, 7, 7.5, 7.5, 10]);
    }
  });
});
