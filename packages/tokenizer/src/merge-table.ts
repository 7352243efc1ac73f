/** Which pairs of tokens merge, by rank: an open-addressing hash table over pairs of ids. */

/** Returned for a pair that does not merge; larger than every rank. */
export const NO_MERGE = 0x7fffffff;

/** Merge `rank` joins tokens `left[rank]` and `right[rank]` into token `result[rank]`; a lower rank merges first. */
export interface MergeList {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly result: Int32Array;
}

export interface MergeTable {
  /** Rank of the pair, or `NO_MERGE`. */
  rankOf(left: number, right: number): number;
}

/**
 * @param excluded ids that no merge may produce (special tokens: text must not be able to forge them).
 * A pair listed twice keeps its last rank, as in Hugging Face tokenizers.
 */
export function createMergeTable(merges: MergeList, excluded: ReadonlySet<number>): MergeTable {
  const count = merges.result.length;
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)));
  const mask = size - 1;
  const lefts = new Int32Array(size).fill(-1);
  const rights = new Int32Array(size);
  const ranks = new Int32Array(size);

  function slotOf(left: number, right: number): number {
    const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (lefts[slot] !== -1 && (lefts[slot] !== left || rights[slot] !== right)) slot = (slot + 1) & mask;
    return slot;
  }

  for (let rank = 0; rank < count; rank++) {
    if (excluded.has(merges.result[rank])) continue;
    const slot = slotOf(merges.left[rank], merges.right[rank]);
    lefts[slot] = merges.left[rank];
    rights[slot] = merges.right[rank];
    ranks[slot] = rank;
  }

  return {
    rankOf(left, right) {
      const slot = slotOf(left, right);
      return lefts[slot] === -1 ? NO_MERGE : ranks[slot];
    },
  };
}
