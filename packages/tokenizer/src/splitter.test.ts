import { describe, expect, test } from 'vitest';
import { compileLiteral, compilePattern } from './pattern/compile-pattern.ts';
import { createSplitter, type SplitBehavior, type Splitter } from './splitter.ts';

function pieces(split: Splitter, text: string): string[] {
  const found: string[] = [];
  split(text, (piece) => found.push(piece));
  return found;
}

const behaviors: readonly SplitBehavior[] = [
  'Isolated',
  'Removed',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

// The example of the Hugging Face tokenizers documentation, and edges of it.
test.each<[SplitBehavior, string, string[]]>([
  ['Removed', 'the-final--countdown', ['the', 'final', 'countdown']],
  ['Isolated', 'the-final--countdown', ['the', '-', 'final', '-', '-', 'countdown']],
  ['MergedWithPrevious', 'the-final--countdown', ['the-', 'final-', '-', 'countdown']],
  ['MergedWithNext', 'the-final--countdown', ['the', '-final', '-', '-countdown']],
  ['Contiguous', 'the-final--countdown', ['the', '-', 'final', '--', 'countdown']],
  ['MergedWithPrevious', '-a-', ['-', 'a-']],
  ['MergedWithNext', '-a-', ['-a', '-']],
  ['Removed', '--', []],
])('%s: %s', (behavior, text, expected) => {
  expect(pieces(createSplitter(compileLiteral('-'), behavior, false), text)).toEqual(expected);
});

describe('every behavior', () => {
  test.each(behaviors)('%s hands on no empty piece, and all of the text unless it removes some', (behavior) => {
    for (const pattern of ['x*', '(?=[A-Z])', '\\s+', '', '😀|$']) {
      for (const invert of [false, true]) {
        const split = createSplitter(compilePattern(pattern, 'key'), behavior, invert);
        for (const text of ['', 'xxaXx😀B c', '😀😀', ' a ']) {
          const found = pieces(split, text);
          expect(found).not.toContain('');
          if (behavior !== 'Removed') expect(found.join('')).toBe(text);
        }
      }
    }
  });
});

test('an inverted split removes what does not match', () => {
  expect(pieces(createSplitter(compilePattern('\\w+', 'key'), 'Removed', true), 'a, bc!')).toEqual(['a', 'bc']);
});

test('an empty match splits between characters, never inside one', () => {
  expect(pieces(createSplitter(compileLiteral(''), 'Isolated', false), 'a😀b')).toEqual(['a', '😀', 'b']);
});
