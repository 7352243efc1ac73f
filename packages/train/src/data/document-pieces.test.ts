import { describe, expect, test } from 'vitest';
import { chunksOf, collectDocuments, createTokenizer, joinDocuments, loadChapters } from './__fixtures__/text.ts';
import { splitDocuments } from './document-pieces.ts';

const split = (text: string, lengths = [text.length || 1], maximumLength?: number) =>
  collectDocuments(splitDocuments(chunksOf(text, lengths), maximumLength === undefined ? {} : { maximumLength }));

describe('splitDocuments', () => {
  test.each([
    ['a line of its own', 'a\n<|endoftext|>\nb', ['a', 'b']],
    ['windows line breaks', 'a\r\n<|endoftext|>\r\nb\r\n', ['a', 'b\r\n']],
    ['a separator at both ends', '<|endoftext|>\na\n<|endoftext|>', ['a']],
    ['separators one after the other', 'a\n<|endoftext|>\n<|endoftext|>\n\n<|endoftext|>\nb', ['a', 'b']],
    ['white space alone', 'a\n<|endoftext|>\n \t\n<|endoftext|>\nb', ['a', 'b']],
    ['a separator inside a line', 'a <|endoftext|>\nb', ['a <|endoftext|>\nb']],
    [
      'more on the line of a separator',
      'a\n<|endoftext|> \nb\n<|endoftext|>\r',
      ['a\n<|endoftext|> \nb\n<|endoftext|>\r'],
    ],
    ['blank lines around', 'a\n\n<|endoftext|>\n\nb', ['a\n', '\nb']],
    ['half a separator at the end', 'a\n<|endof', ['a\n<|endof']],
    ['nothing', '', []],
    ['line breaks alone', '\n\r\n', []],
  ])('%s, however the text is cut', async (_name, text, documents) => {
    for (const lengths of [[1], [2], [3, 1], [5], [17, 2], [1000]]) {
      expect(await split(text, lengths)).toEqual(documents);
      expect(await split(text, lengths, 2)).toEqual(documents);
      expect(await split(text, lengths, 5)).toEqual(documents);
    }
  });

  test('gives back the chapters of a book', async () => {
    const chapters = loadChapters();
    expect(chapters.length).toBeGreaterThan(100);
    const text = joinDocuments(chapters);
    expect(await split(text, [4099, 1, 77])).toEqual(chapters);
    expect(await split(text, [4099, 1, 77], 501)).toEqual(chapters);
  });

  test('long documents come in bounded pieces that encode to the same ids', async () => {
    const { tokenizer } = createTokenizer();
    const text = loadChapters().slice(0, 12).join('\n\n');
    const ids: number[] = [];
    let count = 0;
    for await (const piece of splitDocuments(chunksOf(text, [911]), { maximumLength: 503 })) {
      expect(piece.text.length).toBeLessThanOrEqual(503);
      ids.push(...tokenizer.encode(piece.text));
      count++;
    }
    expect(count).toBeGreaterThan(100);
    expect(ids).toEqual(tokenizer.encode(text));
  });

  test('no character is cut in two', async () => {
    const text = '😀'.repeat(101);
    for await (const piece of splitDocuments(chunksOf(text, [3]), { maximumLength: 7 })) {
      expect(piece.text).toMatch(/^(?:😀)*$/u);
    }
  });

  test('never holds much more than a piece, however long the text', async () => {
    let given = 0;
    let received = 0;
    const endless = function* () {
      for (const chapter of loadChapters()) {
        given += chapter.length;
        yield chapter;
      }
    };
    let furthest = 0;
    for await (const { text } of splitDocuments(endless(), { maximumLength: 1000 })) {
      furthest = Math.max(furthest, given - received);
      received += text.length;
    }
    const longest = Math.max(...loadChapters().map(({ length }) => length));
    expect(furthest).toBeLessThan(longest + 2000);
  });
});
