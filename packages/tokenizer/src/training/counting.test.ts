import { describe, expect, test } from 'vitest';
import { createHardText, createRandom } from '../__fixtures__/stories.ts';
import { compilePattern } from '../pattern/compile-pattern.ts';
import { createSplitter } from '../splitter.ts';
import { createWordCounts } from './word-counts.ts';
import { createWordCursor } from './word-cursor.ts';

describe('a cursor cuts the words of the pre-tokenizer', () => {
  test.each([' ?\\p{L}+|\\s+', '\\p{N}*', '(?=\\p{L})', '\\p{Any}', 'never'])('%s', (source) => {
    const pattern = compilePattern(source, 'test');
    const random = createRandom(5);
    for (let round = 0; round < 50; round++) {
      const text = createHardText(random, random(17));
      const expected: string[] = [];
      createSplitter(pattern, 'Isolated', false)(text, (word) => expected.push(word));
      const words: string[] = [];
      const cursor = createWordCursor(pattern, text);
      while (cursor.advance(1 + random(3), (word) => words.push(word))) {
        expect(cursor.position()).toBe(words.join('').length);
      }
      expect(words).toEqual(expected);
    }
  });
});

describe('word counts', () => {
  test('count in the order words are seen', () => {
    const counts = createWordCounts();
    const words = Array.from({ length: 5003 }, (_, index) => `word ${(index * index) % 2003}`);
    const expected = new Map<string, number>();
    for (const word of words) {
      counts.add(word);
      expected.set(word, (expected.get(word) ?? 0) + 1);
    }
    expect([...counts.entries()]).toEqual([...expected]);
    expect([counts.size, counts.forgotten]).toEqual([expected.size, 0]);
  });

  test('too many words: the rarest are forgotten', () => {
    const counts = createWordCounts({ words: 10, units: 1000 });
    for (const word of ['a', 'b', 'a', 'c', 'a', 'b']) counts.add(word);
    for (let index = 0; index < 100; index++) counts.add(`once ${index}`);
    expect([...counts.entries()].slice(0, 2)).toEqual([
      ['a', 3],
      ['b', 2],
    ]);
    expect(counts.size).toBeLessThanOrEqual(10);
    const left = [...counts.entries()].reduce((sum, [, count]) => sum + count, 0);
    expect(left + counts.forgotten).toBe(106);
  });

  test('too long words: so are they', () => {
    const counts = createWordCounts({ words: 10, units: 100 });
    for (const word of ['a', 'a', 'b'.repeat(60), 'c'.repeat(60), 'd'.repeat(101)]) counts.add(word);
    expect([...counts.entries()]).toEqual([['a', 2]]);
    expect(counts.forgotten).toBe(3);
  });
});
