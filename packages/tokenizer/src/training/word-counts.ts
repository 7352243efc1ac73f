/**
 * How often each word occurs, in bounded memory: when there are too many different words, the rarest are forgotten
 * (a simple form of lossy counting, Manku and Motwani 2002). Prose never gets there: 28 MB of books hold a fifth.
 */

import { detach } from '../word-cache.ts';

export interface WordCounts {
  add(word: string): void;
  /** Words in the order they were first seen, with their counts. */
  entries(): IterableIterator<[string, number]>;
  /** Different words. */
  readonly size: number;
  /** Occurrences of words that were forgotten. */
  readonly forgotten: number;
}

export interface WordLimits {
  readonly words: number;
  /** UTF-16 units of all words together. */
  readonly units: number;
}

/** Together with what merging adds, the most words take about 600 MB. */
const defaultLimits: WordLimits = { words: 2 ** 20, units: 2 ** 23 };

export function createWordCounts(limits: WordLimits = defaultLimits): WordCounts {
  let indices = new Map<string, number>();
  let counts = new Float64Array(1024);
  let units = 0;
  let forgotten = 0;

  function add(word: string): void {
    const index = indices.get(word);
    if (index !== undefined) {
      counts[index]++;
      return;
    }
    if (indices.size === counts.length) {
      const larger = new Float64Array(2 * counts.length);
      larger.set(counts);
      counts = larger;
    }
    counts[indices.size] = 1;
    indices.set(detach(word), indices.size);
    units += word.length;
    if (indices.size > limits.words || units > limits.units) forgetRare();
  }

  /** Drops the words of the lowest counts until half of the room is free. */
  function forgetRare(): void {
    const least = leastKeptCount();
    const kept = new Map<string, number>();
    units = 0;
    for (const [word, index] of indices) {
      const count = counts[index];
      if (count < least) {
        forgotten += count;
        continue;
      }
      // Never ahead of `index`: counts move down in place.
      counts[kept.size] = count;
      kept.set(word, kept.size);
      units += word.length;
    }
    indices = kept;
  }

  function leastKeptCount(): number {
    const wordsOf = new Map<number, { words: number; units: number }>();
    for (const [word, index] of indices) {
      const group = wordsOf.get(counts[index]) ?? { words: 0, units: 0 };
      group.words++;
      group.units += word.length;
      wordsOf.set(counts[index], group);
    }
    let least = Number.POSITIVE_INFINITY;
    let room: WordLimits = { words: limits.words / 2, units: limits.units / 2 };
    for (const [count, group] of [...wordsOf].sort(([a], [b]) => b - a)) {
      room = { words: room.words - group.words, units: room.units - group.units };
      if (room.words < 0 || room.units < 0) break;
      least = count;
    }
    return least;
  }

  return {
    add,
    *entries() {
      for (const [word, index] of indices) yield [word, counts[index]];
    },
    get size() {
      return indices.size;
    },
    get forgotten() {
      return forgotten;
    },
  };
}
