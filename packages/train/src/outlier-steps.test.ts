import { expect, test } from 'vitest';
import { isOutlier, type NormStatistics, withNorm } from './outlier-steps.ts';

const settings = { factor: 3, after: 4 };
const after = (norms: readonly number[]): NormStatistics =>
  norms.reduce((statistics, norm) => withNorm(settings, statistics, norm), { mean: 0, count: 0 });

test('the first steps are never left out; later ones are, beyond so many times the mean', () => {
  expect(isOutlier(settings, after([1, 1, 1]), 100)).toBe(false);
  expect(isOutlier(settings, after([1, 1, 1, 1]), 100)).toBe(true);
  expect(isOutlier(settings, after([1, 1, 1, 1]), 2.9)).toBe(false);
  expect(isOutlier(undefined, after([1, 1, 1, 1]), 100)).toBe(false);
});

test('the mean starts as that of all norms', () => {
  expect(after([1, 2, 3, 6]).mean).toBeCloseTo(3, 12);
});

test('one outlier hardly moves the mean, and after a lasting change steps are taken again', () => {
  let statistics = after(new Array(100).fill(1));
  expect(withNorm(settings, statistics, 1e9).mean).toBeLessThan(1.05);
  let skipped = 0;
  while (isOutlier(settings, statistics, 10)) {
    statistics = withNorm(settings, statistics, 10);
    skipped++;
  }
  expect(skipped).toBeGreaterThan(5);
  expect(skipped).toBeLessThan(100);
});
