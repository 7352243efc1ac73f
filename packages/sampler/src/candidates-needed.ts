/** What a chain needs to know of a distribution: the rule by which all logits of a step need not be read from a device. */
import type { LogitProcessor } from '@yoco-u/spec';

/**
 * How many of the best of `vocabularySize` logits decide what a chain chooses. Fewer than all only where the first thing that
 * happens to them is a cut by rank: a top-k (or temperature 0) at the head of the chain, or a greedy choice without any
 * processor. Whatever comes before a cut may lift any candidate into it; whatever comes behind sees what it would have seen.
 */
export function candidatesNeeded(
  processors: readonly LogitProcessor[],
  greedy: boolean,
  vocabularySize: number,
): number {
  const [first] = processors;
  const kept = first === undefined && greedy ? 1 : first?.keepsBest;
  return Math.min(kept ?? vocabularySize, vocabularySize);
}
