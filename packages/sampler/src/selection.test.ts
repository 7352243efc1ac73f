import { describe, expect, test } from 'vitest';
import { indexOfBest, keepBest, keepMass } from './selection.ts';
import { candidatesOf, live, randomLogits, ranked, softmax } from './testing.ts';

// Rounded to few values, so that ties are frequent.
const cases = [1, 2, 3, 7, 64, 257, 1001].map((size) => randomLogits(size, size).map((logit) => Math.round(logit)));

describe.each(cases.map((logits) => [logits.length, logits] as const))('%i candidates', (size, logits) => {
  test('keepBest agrees with sorting everything', () => {
    for (const count of [1, 2, 5, size >> 1, size - 1, size, size + 3].filter((value) => value >= 1)) {
      const candidates = candidatesOf(logits);
      keepBest(candidates, count);
      expect(live(candidates)).toEqual(ranked(logits).slice(0, count));
      expect(candidates.sorted).toBe(true);
    }
  });

  test('keepMass agrees with sorting everything, from unsorted and from sorted candidates', () => {
    for (const mass of [0, 0.0099, 0.5, 0.87, 0.9999]) {
      const order = ranked(logits);
      const probabilities = softmax(order.map(({ logit }) => logit));
      let reached = 0;
      let count = 0;
      while (count === 0 || reached < mass) reached += probabilities[count++];
      const candidates = candidatesOf(logits);
      keepMass(candidates, mass);
      expect(live(candidates)).toEqual(order.slice(0, count));
      const sorted = candidatesOf(logits);
      keepBest(sorted, size);
      keepMass(sorted, mass);
      expect(live(sorted)).toEqual(order.slice(0, count));
    }
  });

  test('indexOfBest is the lowest id among the greatest', () => {
    expect(indexOfBest(candidatesOf(logits))).toBe(ranked(logits)[0].id);
  });
});
