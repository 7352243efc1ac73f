import { describe, expect, test } from 'vitest';
import { processorTime } from './__fixtures__/processor-time.ts';
import {
  createHardText,
  createPeer,
  createRandom,
  hardPieces,
  loadProse,
  splitBy,
  storiesJson,
  storiesJsonSplitBy,
  storiesText,
} from './__fixtures__/stories.ts';
import { parseTokenizer } from './parse-tokenizer.ts';

const words = {
  'GPT-4':
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  'GPT-4, possessive':
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
  'GPT-4o':
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  Qwen: "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
};

const variants: readonly (readonly [string, unknown])[] = [
  ['the file as it is', storiesJson()],
  ...Object.entries(words).map(([name, pattern]) => [name, storiesJsonSplitBy(splitBy(pattern))] as const),
  ['matches only', storiesJsonSplitBy(splitBy(words.Qwen, 'Removed', true))],
  [
    'several splits',
    storiesJsonSplitBy(
      splitBy('\\p{N}{1,3}'),
      splitBy('[一-龥\u3040-ゟ゠-ヿ]+'),
      splitBy(
        '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
      ),
    ),
  ],
  ['NFC', storiesJson({ normalizer: { type: 'NFC' } })],
  ['words that are tokens stay whole', storiesJson({ model: { ...storiesJson().model, ignore_merges: true } })],
];

describe('ids equal those of @huggingface/tokenizers', () => {
  test.each(variants)('%s', (_name, json) => {
    const tokenizer = parseTokenizer(json);
    const peer = createPeer(json);
    const random = createRandom(17);
    const texts = [
      ...hardPieces,
      ...Array.from({ length: 60 }, () => createHardText(random, 1 + random(13))),
      loadProse().slice(0, 60_001),
    ];
    // The peer always recognises special tokens, so it is asked for texts without them.
    for (const text of texts.map((it) => it.replaceAll('<|endoftext|>', '<|'))) {
      expect(tokenizer.encode(text), JSON.stringify(text.slice(0, 80))).toEqual(peer(text));
    }
  });

  test('ByteLevel with its own words and a space in front', () => {
    for (const add_prefix_space of [true, false]) {
      const json = storiesJson({
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex: true },
      });
      const tokenizer = parseTokenizer(json);
      const peer = createPeer(json);
      const random = createRandom(5);
      for (let round = 0; round < 40; round++) {
        // There the peer takes U+FEFF for white space, as JavaScript's \s does, and not U+0085.
        const text = createHardText(random, 9).replaceAll(/[\ufeff\u0085]|<\|endoftext\|>/g, '');
        expect(tokenizer.encode(text)).toEqual(peer(text));
      }
    }
  });
});

describe('round trip', () => {
  const tokenizer = parseTokenizer(storiesText);

  test('a book comes back to the letter', () => {
    const prose = loadProse();
    expect(tokenizer.decode(tokenizer.encode(prose)) === prose).toBe(true);
  });

  test('every text comes back well-formed, with U+FFFD for lone surrogates', () => {
    const random = createRandom(3);
    for (let round = 0; round < 100; round++) {
      const text = createHardText(random, 11);
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(Buffer.from(text).toString());
    }
    expect(tokenizer.encode('a\ud800b')).toEqual(tokenizer.encode('a\ufffdb'));
  });

  test('the bytes of the ids are the bytes of the text', () => {
    const text = createHardText(createRandom(9), 101);
    const bytes = tokenizer.encode(text).flatMap((id) => [...tokenizer.bytesOf(id)]);
    expect(bytes).toEqual([...new TextEncoder().encode(text)]);
  });

  test('the empty text has no ids, and no ids are the empty text', () => {
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.decode([])).toBe('');
  });
});

describe('long texts without a space', () => {
  const tokenizer = parseTokenizer(storiesText);
  const random = createRandom(23);
  const letters = Array.from({ length: 100_000 }, () => String.fromCharCode(97 + random(26))).join('');

  test.each([
    ['one letter', 'a'.repeat(100_000)],
    ['random letters', letters],
    ['ideographs', '漢'.repeat(33_333)],
    ['emoji', '😀'.repeat(25_000)],
    ['spaces', ' '.repeat(100_000)],
    ['spaces and a letter', `${' '.repeat(100_000)}x`],
    ['digits', '7'.repeat(100_000)],
    ['line feeds', '\n'.repeat(100_000)],
  ])('100 kB of %s encode in under a second and come back', (_name, text) => {
    let ids: number[] = [];
    const milliseconds = processorTime(() => {
      ids = tokenizer.encode(text);
    });
    expect(milliseconds).toBeLessThan(1000);
    expect(tokenizer.decode(ids) === text).toBe(true);
  });
});

test('the same word has the same ids, whether or not it was seen before', () => {
  const tokenizer = parseTokenizer(storiesText);
  const first = hardPieces.map((text) => tokenizer.encode(text));
  expect(hardPieces.map((text) => tokenizer.encode(text))).toEqual(first);
  expect(hardPieces.map((text) => parseTokenizer(storiesText).encode(text))).toEqual(first);
});

describe('what the vocabulary lacks', () => {
  const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, '?': 3 }, merges: ['a b'] };
  const parts = { pre_tokenizer: null, decoder: { type: 'Fuse' } };

  test('is an error where there is no unknown token', () => {
    const tokenizer = parseTokenizer({ ...parts, model });
    expect(tokenizer.encode('abba')).toEqual([2, 1, 0]);
    expect(() => tokenizer.encode('abc')).toThrow(/encode: expected .* got "c"/);
  });

  test('becomes the unknown token, once a run if runs are fused', () => {
    const plain = parseTokenizer({ ...parts, model: { ...model, unk_token: '?' } });
    const fused = parseTokenizer({ ...parts, model: { ...model, unk_token: '?', fuse_unk: true } });
    expect(plain.encode('xyabz')).toEqual([3, 3, 2, 3]);
    expect(fused.encode('xyabz')).toEqual([3, 2, 3]);
  });
});
