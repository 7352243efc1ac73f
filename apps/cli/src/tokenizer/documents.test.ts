import { describe, expect, test } from 'vitest';
import { type DocumentPart, splitDocuments } from './documents.ts';

async function* inPieces(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

async function split(text: string, piece: number, longDocument?: number): Promise<readonly DocumentPart[]> {
  const parts: DocumentPart[] = [];
  for await (const part of splitDocuments(inPieces(text, piece), longDocument)) parts.push(part);
  return parts;
}

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ['one document', 'a b\nc\n', ['a b\nc\n']],
  ['two', 'a\n<|endoftext|>\nb\n', ['a', 'b\n']],
  ['separators at both ends', '<|endoftext|>\na\n<|endoftext|>', ['a']],
  ['separators one after another', 'a\n<|endoftext|>\n<|endoftext|>\n\n<|endoftext|>\nb', ['a', 'b']],
  ['lines that end as on Windows', 'a\r\n<|endoftext|>\r\n b', ['a', ' b']],
  ['white space beyond one line break', 'a \n\n<|endoftext|>\n\n b', ['a \n', '\n b']],
  ['a separator inside a line', 'a <|endoftext|>\nb\n<|endoftext|> c', ['a <|endoftext|>\nb\n<|endoftext|> c']],
  ['a separator that is cut off', 'a\n<|endof', ['a\n<|endof']],
  ['nothing', '', []],
];

describe('documents end at separator lines, however the text arrives', () => {
  test.each(cases)('%s', async (_name, text, documents) => {
    for (let piece = 1; piece <= text.length + 1; piece++) {
      const parts = await split(text, piece);
      expect(parts).toEqual(documents.map((it) => ({ text: it, endsDocument: true })));
    }
  });
});

describe('long documents', () => {
  const document = 'One, two…  three\n four\t five 6 '.repeat(20);

  test('arrive in parts that end in front of a space', async () => {
    const text = `${document}\n<|endoftext|>\nshort\n<|endoftext|>\n${document}`;
    for (const piece of [1, 7, 64, 1000]) {
      const parts = await split(text, piece, 50);
      expect(parts.length).toBeGreaterThan(3);
      expect(parts.filter((it) => it.endsDocument).length).toBe(3);
      const joined = parts.map((it) => it.text + (it.endsDocument ? '|' : '')).join('');
      expect(joined).toBe(`${document}|short|${document}|`);
      for (const [index, part] of parts.entries()) {
        if (!part.endsDocument) expect(`${part.text.at(-1)}${parts[index + 1].text[0]}`).toMatch(/^\S $/);
      }
    }
  });

  test('without any space are cut between characters', async () => {
    const text = '😀'.repeat(2001);
    const parts = await split(`${text}\n<|endoftext|>\nb`, 6, 10);
    expect(
      parts
        .slice(0, -1)
        .map((it) => it.text)
        .join(''),
    ).toBe(text);
    expect(parts.at(-1)?.text).toBe('b');
    expect(parts.every((it) => !/\p{Cs}/u.test(it.text))).toBe(true);
  });
});
