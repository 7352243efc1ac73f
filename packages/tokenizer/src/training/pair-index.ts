/** Where the pairs of neighbouring symbols of a corpus are and how often, kept up to date as symbols merge. */

import { createPairTable, type PairTable } from './pair-table.ts';
import { createPositionLists, type PositionLists } from './position-lists.ts';
import { joinSymbols, type SymbolCorpus, symbolBefore, symbolFrom } from './symbol-corpus.ts';

export interface PairIndex {
  readonly pairs: PairTable;
  /** By pair: first positions of its symbols, ascending; some may have merged into something else. */
  readonly places: PositionLists;
  /** Pairs that became more frequent, for the caller to clear. */
  readonly raised: Set<number>;
  /** Counts the pair that starts at a position of the corpus before any merge. */
  addAt(start: number): void;
  /** Puts `result` in the place of the pair at a position, if it is still there. */
  mergeAt(start: number, left: number, right: number, result: number): void;
}

/** @param lengths bytes of a token by id, to be filled in before the token is merged to */
export function createPairIndex(corpus: SymbolCorpus, lengths: Int32Array): PairIndex {
  const { symbols, wordAt, counts } = corpus;
  const pairs = createPairTable();
  const places = createPositionLists(symbols.length);
  const raised = new Set<number>();

  function raise(left: number, right: number, start: number, amount: number): void {
    const pair = pairs.numberOf(left, right);
    pairs.setCount(pair, pairs.count(pair) + amount);
    places.append(pair, start);
    raised.add(pair);
  }

  function lower(left: number, right: number, amount: number): void {
    const pair = pairs.numberOf(left, right);
    pairs.setCount(pair, pairs.count(pair) - amount);
  }

  return {
    pairs,
    places,
    raised,
    addAt(start) {
      const next = symbolFrom(corpus, start, start + 1);
      if (next >= 0) raise(symbols[start], symbols[next], start, counts[wordAt[start]]);
    },
    mergeAt(start, left, right, result) {
      if (symbols[start] !== left) return;
      const second = symbolFrom(corpus, start, start + lengths[left]);
      if (second < 0 || symbols[second] !== right) return;
      const end = second + lengths[right];
      const amount = counts[wordAt[start]];
      const before = symbolBefore(corpus, start);
      if (before >= 0) {
        lower(symbols[before], left, amount);
        raise(symbols[before], result, before, amount);
      }
      const after = symbolFrom(corpus, start, end);
      if (after >= 0) {
        lower(right, symbols[after], amount);
        raise(result, symbols[after], start, amount);
      }
      joinSymbols(corpus, start, second, end, result);
    },
  };
}
