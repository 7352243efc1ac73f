/**
 * Words as rows of symbols that merge in place.
 *
 * All words lie end to end, one position a byte of UTF-8. A symbol covers as many positions as it has bytes: the first
 * holds its id, and the last, where there is more than one, holds the complement (`~`) of the first's position. What
 * lies between is negative. So a symbol's neighbours are found without links, and an old position of a symbol that was
 * merged away tells by its sign.
 */

import type { WordCounts } from './word-counts.ts';
import type { WorkSlices } from './work-slices.ts';

export interface SymbolCorpus {
  readonly symbols: Int32Array;
  /** The word that a position belongs to. */
  readonly wordAt: Int32Array;
  /** Occurrences by word. */
  readonly counts: Float64Array;
}

const INTERIOR = -1;
const WORDS_AT_ONCE = 1024;

/** One symbol a byte, whose id is the byte. */
export async function createSymbolCorpus(words: WordCounts, slices: WorkSlices): Promise<SymbolCorpus> {
  const encoder = new TextEncoder();
  const counts = new Float64Array(words.size);
  let symbols = new Int32Array(16 * words.size);
  let wordAt = new Int32Array(16 * words.size);
  let length = 0;
  let index = 0;
  for (const [word, count] of words.entries()) {
    const bytes = encoder.encode(word);
    if (length + bytes.length > symbols.length) {
      symbols = enlarge(symbols, length + bytes.length);
      wordAt = enlarge(wordAt, length + bytes.length);
    }
    symbols.set(bytes, length);
    wordAt.fill(index, length, length + bytes.length);
    counts[index] = count;
    length += bytes.length;
    index++;
    if (index % WORDS_AT_ONCE === 0 && slices.due()) await slices.next();
  }
  return { symbols: symbols.subarray(0, length), wordAt: wordAt.subarray(0, length), counts };
}

/** Position of the symbol behind the one that ends before `end`, or -1 at the end of the word. */
export function symbolFrom({ wordAt }: SymbolCorpus, start: number, end: number): number {
  return end < wordAt.length && wordAt[end] === wordAt[start] ? end : -1;
}

/** Position of the symbol in front of the one at `start`, or -1 at the start of the word. */
export function symbolBefore({ symbols, wordAt }: SymbolCorpus, start: number): number {
  if (start === 0 || wordAt[start - 1] !== wordAt[start]) return -1;
  const last = symbols[start - 1];
  return last < 0 ? ~last : start - 1;
}

/** Puts one symbol in the place of two: from `start` to `second`, and from there up to `end`. */
export function joinSymbols({ symbols }: SymbolCorpus, start: number, second: number, end: number, id: number): void {
  symbols[start] = id;
  symbols[second] = INTERIOR;
  symbols[end - 1] = ~start;
}

function enlarge(values: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(least, values.length + (values.length >> 1)));
  larger.set(values);
  return larger;
}
