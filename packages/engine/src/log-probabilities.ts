/** Log-probabilities of tokens, from logits. */
import type { AlternativeToken } from '@yoco-u/spec';

export interface LogProbabilities {
  /** ln p of the id that was asked about. */
  readonly logProbability: number;
  /** The likeliest ids, likeliest first; of equal ones the lowest id first. */
  readonly alternatives: readonly AlternativeToken[];
}

/**
 * ln p of `id` and of the `count` likeliest ids below `known`, by the softmax of all `logits` [V]: ids that the tokenizer
 * does not know have a share of it and are no alternatives.
 */
export function logProbabilitiesOf(logits: Float32Array, known: number, id: number, count: number): LogProbabilities {
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > greatest) greatest = logits[i]!;
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i]! - greatest);
  const shift = greatest + Math.log(total);
  const best: number[] = [];
  for (let candidate = 0; candidate < known; candidate++) {
    if (best.length === count && (count === 0 || logits[candidate]! <= logits[best[count - 1]!]!)) continue;
    let place = Math.min(best.length, count - 1);
    for (; place > 0 && logits[best[place - 1]!]! < logits[candidate]!; place--) best[place] = best[place - 1]!;
    best[place] = candidate;
  }
  return {
    logProbability: logits[id]! - shift,
    alternatives: best.map((one) => ({ id: one, logProbability: logits[one]! - shift })),
  };
}
