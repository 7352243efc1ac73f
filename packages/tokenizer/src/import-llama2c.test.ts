import { TokenizerError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createHardText, createPeer, createRandom, loadProse } from './__fixtures__/stories.ts';
import { importLlama2cTokenizer } from './import-llama2c.ts';
import { parseTokenizer, serializeTokenizer } from './parse-tokenizer.ts';

interface Piece {
  readonly text: string;
  readonly score: number;
}

const bytePieces = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

/** Pieces as a training on the text might leave them: characters, and frequent strings that two pieces make up. */
function trainPieces(text: string, size: number): Piece[] {
  const pieces = ['<unk>', '\n<s>\n', '\n</s>\n', ...bytePieces].map((it) => ({ text: it, score: 0 }));
  const characters = [...new Set(text)];
  const words = new Map<string, number>();
  for (const word of text.match(/ ?[^ ]+/g) ?? []) words.set(word, (words.get(word) ?? 0) + 1);
  const counts = new Map<string, number>();
  for (const [word, count] of words) {
    for (let start = 0; start < word.length; start++) {
      for (let end = start + 2; end <= Math.min(word.length, start + 8); end++) {
        const part = word.slice(start, end);
        counts.set(part, (counts.get(part) ?? 0) + count);
      }
    }
  }
  const frequent = [...counts].sort((a, b) => b[1] - a[1]).map(([part]) => part);
  const known = new Set(characters);
  const merged = frequent.filter((part) => {
    const makes = [...part].some((_, cut) => known.has(part.slice(0, cut)) && known.has(part.slice(cut)));
    if (makes) known.add(part);
    return makes;
  });
  const room = size - pieces.length - characters.length;
  const scored = merged.slice(0, room).map((it, index) => ({ text: it, score: -index }));
  // Characters come last, as in files that sentencepiece trained.
  return [...pieces, ...scored, ...characters.map((it, index) => ({ text: it, score: -room - index }))];
}

function writeFile(pieces: readonly Piece[]): Uint8Array {
  const parts = pieces.map(({ text, score }) => {
    const bytes = new TextEncoder().encode(text);
    const part = new DataView(new ArrayBuffer(8 + bytes.length));
    part.setFloat32(0, score, true);
    part.setInt32(4, bytes.length, true);
    new Uint8Array(part.buffer).set(bytes, 8);
    return new Uint8Array(part.buffer);
  });
  return Buffer.concat(
    [Int32Array.of(Math.max(...parts.map((it) => it.length - 8))), ...parts].map((it) => Buffer.from(it.buffer)),
  );
}

/** llama2.c's own rule: characters or bytes, then join the pair whose piece scores highest, the leftmost among equals. */
function encodeByDefinition(pieces: readonly Piece[], text: string): number[] {
  const ids = new Map(pieces.map((piece, id) => [piece.text, id]));
  const word =
    text === ''
      ? []
      : [...` ${text}`].flatMap((character) => {
          const id = ids.get(character);
          return id === undefined ? [...new TextEncoder().encode(character)].map((byte) => byte + 3) : [id];
        });
  for (;;) {
    let best = -1e10;
    let at = -1;
    for (let index = 0; index + 1 < word.length; index++) {
      const id = ids.get(pieces[word[index]].text + pieces[word[index + 1]].text);
      if (id !== undefined && pieces[id].score > best) {
        best = pieces[id].score;
        at = index;
      }
    }
    if (at < 0) return word;
    word.splice(at, 2, ids.get(pieces[word[at]].text + pieces[word[at + 1]].text) as number);
  }
}

const prose = loadProse().slice(0, 30_011);
const pieces = trainPieces(prose, 511);
const file = writeFile(pieces);
const json = importLlama2cTokenizer(file, 511);
const tokenizer = parseTokenizer(json);

describe('an imported tokenizer', () => {
  test('has the ids of the file', () => {
    expect(tokenizer.vocabularySize).toBe(511);
    expect([...tokenizer.specialTokens]).toEqual([
      ['<unk>', 0],
      ['<s>', 1],
      ['</s>', 2],
    ]);
    expect([...tokenizer.bytesOf(3 + 0xe9)]).toEqual([0xe9]);
    expect(new TextDecoder().decode(tokenizer.bytesOf(300))).toBe(pieces[300].text);
  });

  test('encodes as llama2.c does, and as @huggingface/tokenizers does from the file written', () => {
    const peer = createPeer(JSON.parse(serializeTokenizer(tokenizer)));
    const random = createRandom(13);
    const texts = [
      prose.slice(0, 701),
      ' ',
      '  two',
      '',
      '▁',
      ...Array.from({ length: 40 }, () => createHardText(random, 6)),
    ];
    for (const text of texts.map((it) => Buffer.from(it.replaceAll(/<\/?s>/g, '')).toString())) {
      const ids = tokenizer.encode(text);
      expect(ids, JSON.stringify(text)).toEqual(encodeByDefinition(pieces, text));
      expect(ids).toEqual(peer(text));
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });

  test('the first piece behind BOS loses its space', () => {
    const ids = tokenizer.encode('the whale');
    expect(pieces[ids[0]].text.startsWith(' ')).toBe(true);
    expect(tokenizer.decode([1, ...ids])).toBe('<s>the whale');
    const decoder = tokenizer.createDecoder();
    expect([1, ...ids, ...ids].map((id) => decoder.push(id)).join('')).toBe('<s>the whale the whale');
  });

  test('an empty text stays empty', () => {
    expect(tokenizer.encode('')).toEqual([]);
  });

  test('special tokens and bytes written in a text are text', () => {
    for (const text of ['<s>', '</s>', '<unk>', '<0x41>']) {
      expect(tokenizer.encode(text).some((id) => id < 3)).toBe(false);
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
  });

  test('a file at an odd offset of its buffer reads the same', () => {
    const buffer = new Uint8Array(file.length + 1);
    buffer.set(file, 1);
    expect(importLlama2cTokenizer(buffer.subarray(1), 511)).toEqual(json);
  });
});

describe('a broken file', () => {
  const change = (id: number, piece: Partial<Piece>) =>
    writeFile(pieces.map((it, index) => (index === id ? { ...it, ...piece } : it)));

  test.each<[string, Uint8Array, number, RegExp]>([
    ['empty', new Uint8Array(), 511, /piece 0: expected 511 pieces, got a file of 0 bytes/],
    ['truncated', file.subarray(0, -1), 511, /piece 510: expected 1 bytes, got 0/],
    ['truncated between pieces', writeFile(pieces.slice(0, -1)), 511, /piece 510: expected 511 pieces/],
    ['longer than its vocabulary', file, 510, /the file: expected 510 pieces in \d+ bytes, got \d+ bytes; pass/],
    ['with a piece twice', change(400, { text: pieces[399].text }), 511, /piece 400: expected each piece once/],
    ['without its bytes', change(68, { text: 'A' }), 511, /piece 68: expected <0x41>, got "A"/],
    ['with a score that is none', change(400, { score: Number.NaN }), 511, /piece 400: expected a score/],
    [
      'with a piece too long',
      change(400, { text: 'x'.repeat(2000) }),
      511,
      /piece 400: expected a length from 0 to 1024/,
    ],
    [
      'of random bytes',
      Uint8Array.from({ length: 5000 }, (_, index) => (index * 167) % 251),
      511,
      /piece 0: expected a length/,
    ],
    ['with too small a vocabulary', file, 100, /vocabularySize: expected an integer of at least 259, got 100/],
    ['with a vocabulary of no size', file, Number.NaN, /vocabularySize/],
  ])('%s', (_name, bytes, size, message) => {
    expect(() => importLlama2cTokenizer(bytes, size)).toThrow(TokenizerError);
    expect(() => importLlama2cTokenizer(bytes, size)).toThrow(message);
  });

  test('with invalid UTF-8', () => {
    const bytes = Uint8Array.from(file);
    bytes[bytes.length - 1] = 0xff;
    expect(() => importLlama2cTokenizer(bytes, 511)).toThrow(/piece 510: expected UTF-8, got bytes/);
  });
});
