import { expect, test } from 'vitest';
import { loadChapters } from './__fixtures__/text.ts';
import { DataError } from './data-error.ts';
import { decodeText } from './decode-text.ts';
import { utf8Length } from './tokenize-documents.ts';

async function decode(bytes: Uint8Array, length: number): Promise<string> {
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
  };
  let text = '';
  for await (const part of decodeText(chunks(), 'a.txt')) text += part;
  return text;
}

const samples = ['', 'a', 'é漢😀\ud83d!', '\udc00\ud800', loadChapters()[0]];

test.each([1, 2, 3, 5, 4096])('decodes what is cut every %i bytes, without a byte order mark', async (length) => {
  for (const sample of samples) {
    const bytes = new TextEncoder().encode(sample);
    const text = new TextDecoder().decode(bytes);
    expect(await decode(bytes, length)).toBe(text);
    expect(await decode(Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes), length)).toBe(text);
    expect(utf8Length(sample)).toBe(bytes.length);
  }
});

test.each([
  ['latin-1', [0x63, 0x61, 0x66, 0xe9, 0x20], 'not UTF-8'],
  ['half a character', [0x61, 0xe6, 0xbc], 'not UTF-8'],
  ['UTF-16', [0xff, 0xfe, 0x61, 0x00], 'a NUL byte at 3'],
  ['a surrogate', [0xed, 0xa0, 0x80], 'not UTF-8'],
])('refuses %s', async (_name, bytes, message) => {
  for (const length of [1, 2, 100]) {
    const decoding = decode(Uint8Array.from(bytes), length);
    await expect(decoding).rejects.toThrow(DataError);
    await expect(decoding).rejects.toThrow('a.txt');
  }
  await expect(decode(Uint8Array.from(bytes), 100)).rejects.toThrow(message);
});
