/**
 * Which pair to merge next: a binary heap of (pair, count) where an entry may be out of date. Whoever takes one out
 * compares its count with the pair's and puts it back where they differ (a lazy heap).
 */

import type { PairTable } from './pair-table.ts';

export interface PairQueue {
  push(pair: number, count: number): void;
  /** Takes the first entry out, to be read with `pair` and `count`; false when there is none. */
  pop(): boolean;
  pair(): number;
  count(): number;
}

/** The order: higher counts first, among equals the lower left id, then the lower right id. */
export function createPairQueue(table: PairTable): PairQueue {
  let pairs = new Int32Array(1024);
  let counts = new Float64Array(1024);
  let size = 0;
  let topPair = 0;
  let topCount = 0;

  function goesBefore(pair: number, count: number, at: number): boolean {
    if (count !== counts[at]) return count > counts[at];
    const other = pairs[at];
    const left = table.left(pair) - table.left(other);
    return left < 0 || (left === 0 && table.right(pair) < table.right(other));
  }

  function grow(): void {
    const morePairs = new Int32Array(2 * size);
    const moreCounts = new Float64Array(2 * size);
    morePairs.set(pairs);
    moreCounts.set(counts);
    pairs = morePairs;
    counts = moreCounts;
  }

  return {
    push(pair, count) {
      if (size === pairs.length) grow();
      let at = size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!goesBefore(pair, count, parent)) break;
        pairs[at] = pairs[parent];
        counts[at] = counts[parent];
        at = parent;
      }
      pairs[at] = pair;
      counts[at] = count;
    },
    pop() {
      if (size === 0) return false;
      topPair = pairs[0];
      topCount = counts[0];
      size--;
      const pair = pairs[size];
      const count = counts[size];
      let at = 0;
      for (let child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && goesBefore(pairs[child + 1], counts[child + 1], child)) child++;
        if (!goesBefore(pairs[child], counts[child], size)) break;
        pairs[at] = pairs[child];
        counts[at] = counts[child];
        at = child;
      }
      pairs[at] = pair;
      counts[at] = count;
      return true;
    },
    pair: () => topPair,
    count: () => topCount,
  };
}
