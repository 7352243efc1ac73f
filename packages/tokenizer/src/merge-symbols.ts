/**
 * The BPE merge loop (Sennrich et al. 2016, arXiv 1508.07909): join the pair of lowest rank, the leftmost among equals,
 * until no pair merges. Short words scan their pairs; long ones use a heap over a linked list, O(n log n).
 */

import { TokenizerError } from '@yoco-u/spec';
import { type MergeList, type MergeTable, NO_MERGE } from './merge-table.ts';
import { createPairHeap } from './pair-heap.ts';

/** Up to this many symbols a scan of all pairs beats the heap. */
const SCAN_LIMIT = 32;
/** 2^26 symbols of one piece take about 2 GiB of working memory. */
const MAXIMUM_SYMBOLS = 2 ** 26;

/** Merges `symbols[0..count)` in place and returns how many are left. */
export type MergeSymbols = (symbols: Int32Array, count: number) => number;

export function createMergeSymbols(merges: MergeList, table: MergeTable, scanLimit = SCAN_LIMIT): MergeSymbols {
  const scan = createScan(merges, table, scanLimit);
  return (symbols, count) => (count <= scanLimit ? scan(symbols, count) : mergeByHeap(merges, table, symbols, count));
}

function createScan({ result }: MergeList, table: MergeTable, limit: number): MergeSymbols {
  const ranks = new Int32Array(limit + 1);
  return (symbols, count) => {
    for (let index = 0; index + 1 < count; index++) ranks[index] = table.rankOf(symbols[index], symbols[index + 1]);
    while (count > 1) {
      let best = NO_MERGE;
      let at = 0;
      for (let index = 0; index + 1 < count; index++) {
        if (ranks[index] < best) {
          best = ranks[index];
          at = index;
        }
      }
      if (best === NO_MERGE) break;
      symbols[at] = result[best];
      count--;
      for (let index = at + 1; index < count; index++) {
        symbols[index] = symbols[index + 1];
        ranks[index] = ranks[index + 1];
      }
      if (at > 0) ranks[at - 1] = table.rankOf(symbols[at - 1], symbols[at]);
      if (at + 1 < count) ranks[at] = table.rankOf(symbols[at], symbols[at + 1]);
    }
    return count;
  };
}

function mergeByHeap({ result }: MergeList, table: MergeTable, symbols: Int32Array, count: number): number {
  if (count > MAXIMUM_SYMBOLS) {
    throw new TokenizerError({
      where: 'encode',
      expected: `at most ${MAXIMUM_SYMBOLS} symbols in one piece of text`,
      got: String(count),
      fix: 'encode the text in parts',
    });
  }
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  // The rank of the pair that starts at a symbol now: what tells a stale heap entry from a live one.
  const ranks = new Int32Array(count).fill(NO_MERGE);
  // Every merge takes one entry out and puts at most two in.
  const heap = createPairHeap(2 * count, count);
  for (let index = 0; index < count; index++) {
    next[index] = index + 1;
    previous[index] = index - 1;
    if (index + 1 < count) rank(index);
  }

  function rank(index: number): void {
    ranks[index] = next[index] < count ? table.rankOf(symbols[index], symbols[next[index]]) : NO_MERGE;
    if (ranks[index] !== NO_MERGE) heap.push(ranks[index], index);
  }

  while (heap.pop()) {
    const at = heap.position();
    if (ranks[at] !== heap.rank()) continue;
    const gone = next[at];
    symbols[at] = result[ranks[at]];
    ranks[gone] = NO_MERGE;
    next[at] = next[gone];
    if (next[at] < count) previous[next[at]] = at;
    rank(at);
    if (previous[at] >= 0) rank(previous[at]);
  }

  let left = 0;
  for (let index = 0; index < count; index = next[index]) symbols[left++] = symbols[index];
  return left;
}
