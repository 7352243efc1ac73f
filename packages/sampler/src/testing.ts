/** Helpers of this package's tests. */
import type { Candidates, LogitProcessor, SamplerContext } from '@yoco-u/spec';
import { createRandom } from './random.ts';

export const emptyContext: SamplerContext = { ids: [], promptLength: 0 };

/** Seeded logits, roughly normal with the given spread; rounded to float32. */
export function randomLogits(size: number, seed: number, spread = 3): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: size }, () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += random.uniform();
    return (sum - 6) * spread;
  });
}

export function candidatesOf(logits: ArrayLike<number>): Candidates {
  return {
    ids: Int32Array.from({ length: logits.length }, (_, id) => id),
    logits: Float32Array.from(logits),
    size: logits.length,
    sorted: false,
  };
}

export interface Ranked {
  readonly id: number;
  readonly logit: number;
}

/** The live candidates in the order they are in. */
export function live(candidates: Candidates): Ranked[] {
  return Array.from({ length: candidates.size }, (_, i) => ({ id: candidates.ids[i], logit: candidates.logits[i] }));
}

/** Everything sorted: logit down, then id up. */
export function ranked(logits: ArrayLike<number>): Ranked[] {
  return Array.from(logits, (logit, id) => ({ id, logit })).sort((a, b) => b.logit - a.logit || a.id - b.id);
}

export function softmax(logits: readonly number[]): number[] {
  const greatest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - greatest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Applies one processor to fresh candidates and gives the ids that stay. */
export function survivors(processor: LogitProcessor, logits: ArrayLike<number>, context = emptyContext): number[] {
  const candidates = candidatesOf(logits);
  processor.apply(candidates, context);
  return live(candidates).map((candidate) => candidate.id);
}

/** Pearson's statistic of counts against probabilities; ids of probability 0 must have a count of 0. */
export function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const draws = counts.reduce((sum, count) => sum + count, 0);
  return probabilities.reduce((sum, probability, id) => {
    if (probability === 0) return counts[id] === 0 ? sum : Number.POSITIVE_INFINITY;
    return sum + (counts[id] - draws * probability) ** 2 / (draws * probability);
  }, 0);
}

/** The 99.9 % point of the chi-square distribution, by Wilson and Hilferty's approximation. */
export function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 3.0902 * Math.sqrt(spread)) ** 3;
}
