import { expect, test } from 'vitest';
import { type Paragraph, paragraphsOf } from './paragraphs.ts';

const piecesOf = (...texts: string[]) => texts.map((text, id) => ({ id, text }));
const read = (paragraphs: readonly Paragraph[]): string[] =>
  paragraphs.map(({ pieces }) => pieces.map(({ text }) => text).join('|'));

test('a paragraph ends with a line break that something follows', () => {
  expect(read(paragraphsOf([]))).toEqual(['']);
  expect(read(paragraphsOf(piecesOf('a', '\n')))).toEqual(['a|\n']);
  expect(read(paragraphsOf(piecesOf('a', '\n\n', 'b\nc', '\n', '\n', '')))).toEqual(['a|\n\n', 'b\nc|\n', '\n', '']);
});

test('a text that grows has the paragraphs of the whole text, and keeps those that are finished', () => {
  const pieces = piecesOf('One', ' day', '.\n', '\n', 'He', ' left', '.', '\n\n', 'End', '.');
  let known = paragraphsOf([]);
  for (let length = 1; length <= pieces.length; length++) {
    const next = paragraphsOf(pieces.slice(0, length), known);
    expect(next).toEqual(paragraphsOf(pieces.slice(0, length)));
    for (const [index, paragraph] of known.slice(0, -1).entries()) expect(next[index]).toBe(paragraph);
    known = next;
  }
  expect(known.map(({ start }) => start)).toEqual([0, 3, 4, 8]);
});
