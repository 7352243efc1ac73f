import { describe, expect, test } from 'vitest';
import { processorTime } from './__fixtures__/processor-time.ts';
import { createRandom } from './__fixtures__/stories.ts';
import { createMergeSymbols } from './merge-symbols.ts';
import { createMergeTable, type MergeList, NO_MERGE } from './merge-table.ts';

const none: ReadonlySet<number> = new Set();

/** Merges of random earlier tokens over an alphabet of `letters`. */
function randomMerges(random: (limit: number) => number, letters: number, count: number): MergeList {
  const tokens = Array.from({ length: letters }, (_, id) => [id].join());
  const [left, right, result] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  for (let rank = 0; rank < count; rank++) {
    left[rank] = random(tokens.length);
    right[rank] = random(tokens.length);
    const token = `${tokens[left[rank]]},${tokens[right[rank]]}`;
    const known = tokens.indexOf(token);
    result[rank] = known < 0 ? tokens.push(token) - 1 : known;
  }
  return { left, right, result };
}

/** The definition: join the leftmost pair of lowest rank until there is none. */
function mergeByDefinition({ left, right, result }: MergeList, symbols: readonly number[]): number[] {
  const word = [...symbols];
  for (;;) {
    let best = -1;
    let at = -1;
    for (let index = 0; index + 1 < word.length; index++) {
      let rank = left.length - 1;
      while (rank >= 0 && (left[rank] !== word[index] || right[rank] !== word[index + 1])) rank--;
      if (rank >= 0 && (best < 0 || rank < best)) {
        best = rank;
        at = index;
      }
    }
    if (best < 0) return word;
    word.splice(at, 2, result[best]);
  }
}

describe('merging', () => {
  test.each([
    ['by scanning', 64],
    ['by a heap', 0],
  ])('%s follows the definition', (_name, scanLimit) => {
    const random = createRandom(101);
    for (let round = 0; round < 300; round++) {
      const letters = 1 + random(4);
      const merges = randomMerges(random, letters, random(30));
      const merge = createMergeSymbols(merges, createMergeTable(merges, none), scanLimit);
      const word = Array.from({ length: random(50) }, () => random(letters));
      const symbols = Int32Array.from(word);
      const count = merge(symbols, word.length);
      expect([...symbols.subarray(0, count)]).toEqual(mergeByDefinition(merges, word));
    }
  });

  test('takes time in proportion to the text, nearly', () => {
    const merges = randomMerges(createRandom(7), 1, 12);
    const merge = createMergeSymbols(merges, createMergeTable(merges, none));
    expect(processorTime(() => merge(new Int32Array(1_000_000), 1_000_000))).toBeLessThan(5000);
  });
});

describe('the table', () => {
  const merges = { left: Int32Array.of(1, 2, 1), right: Int32Array.of(2, 1, 2), result: Int32Array.of(3, 4, 3) };

  test('gives a pair its last rank, and others none', () => {
    const table = createMergeTable(merges, none);
    expect([table.rankOf(1, 2), table.rankOf(2, 1), table.rankOf(1, 1), table.rankOf(0, 0)]).toEqual([
      2,
      1,
      NO_MERGE,
      NO_MERGE,
    ]);
  });

  test('leaves out merges to excluded ids', () => {
    expect(createMergeTable(merges, new Set([3])).rankOf(1, 2)).toBe(NO_MERGE);
  });
});
