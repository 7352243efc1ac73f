/** One word of text to ids: bytes or characters to symbols, then merging, with a cache of words seen. */

import { toByteCharacters } from './byte-alphabet.ts';
import { createMergeSymbols } from './merge-symbols.ts';
import { createMergeTable } from './merge-table.ts';
import type { BpeModel } from './tokenizer-definition.ts';
import { createWordCache } from './word-cache.ts';
import { createWordSymbols } from './word-symbols.ts';

/** Appends the ids of a word to `ids`. */
export type EncodeWord = (word: string, ids: number[]) => void;

/** Two generations of this many words take about 10 MB; English prose of 2 MB has 25,000 different words. */
const CACHED_WORDS = 32_768;
const LONGEST_CACHED_WORD = 64;
/** Working memory kept between words; longer words take their own. */
const KEPT_SYMBOLS = 4096;

/** @param special ids that text must not produce by merging */
export function createWordEncoder(model: BpeModel, byteLevel: boolean, special: ReadonlySet<number>): EncodeWord {
  const mergeSymbols = createMergeSymbols(model.merges, createMergeTable(model.merges, special));
  const wordSymbols = createWordSymbols(model, byteLevel);
  const cache = createWordCache<number | readonly number[]>(CACHED_WORDS, LONGEST_CACHED_WORD);
  const encoder = new TextEncoder();
  const kept = new Int32Array(KEPT_SYMBOLS);

  function encodeWhole(word: string): number | undefined {
    if (!model.ignoreMerges) return undefined;
    const id = model.ids.get(byteLevel ? toByteCharacters(encoder.encode(word)) : word);
    return id === undefined || special.has(id) ? undefined : id;
  }

  function encodeNew(word: string): number | readonly number[] {
    const whole = encodeWhole(word);
    if (whole !== undefined) return whole;
    const size = word.length * wordSymbols.perUnit;
    const symbols = size <= KEPT_SYMBOLS ? kept : new Int32Array(size);
    const count = mergeSymbols(symbols, wordSymbols.fill(word, symbols));
    return count === 1 ? symbols[0] : Array.from(symbols.subarray(0, count));
  }

  return (word, ids) => {
    let encoded = cache.get(word);
    if (encoded === undefined) {
      encoded = encodeNew(word);
      cache.set(word, encoded);
    }
    if (typeof encoded === 'number') ids.push(encoded);
    else for (const id of encoded) ids.push(id);
  };
}
