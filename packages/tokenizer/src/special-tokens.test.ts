import { describe, expect, test } from 'vitest';
import { processorTime } from './__fixtures__/processor-time.ts';
import { createPeer, storiesJson } from './__fixtures__/stories.ts';
import { parseTokenizer } from './parse-tokenizer.ts';

const size = 2048;
const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };

function withTokens(...tokens: readonly Record<string, unknown>[]) {
  const json = storiesJson();
  const added = tokens.map((token, index) => ({ ...flags, id: size + index, ...token }));
  return { ...json, added_tokens: [...json.added_tokens, ...added] };
}

describe('special tokens', () => {
  const json = withTokens({ content: '<a>', special: true }, { content: '<a>b', special: true });
  const tokenizer = parseTokenizer(json);

  test('are listed by text', () => {
    expect([...tokenizer.specialTokens]).toEqual([
      ['<|endoftext|>', 2047],
      ['<a>', size],
      ['<a>b', size + 1],
    ]);
    expect(tokenizer.vocabularySize).toBe(size + 2);
  });

  test('are plain text unless asked for', () => {
    const text = 'one<|endoftext|>two<a>';
    expect(tokenizer.encode(text).every((id) => id < 2047)).toBe(true);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    const ids = tokenizer.encode(text, { special: true });
    expect(ids).toEqual([...tokenizer.encode('one'), 2047, ...tokenizer.encode('two'), size]);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  test('match as in @huggingface/tokenizers, the longest first', () => {
    const peer = createPeer(json);
    for (const text of ['<a>b', '<a><a>b<a', 'x <a> b<|endoftext|>', '<|endoftext|><|endoftext|>', '<|endoftext', '']) {
      expect(tokenizer.encode(text, { special: true })).toEqual(peer(text));
    }
  });

  test('may be thousands that begin alike', () => {
    const alike = withTokens(...Array.from({ length: 6000 }, (_, index) => ({ content: `<x${index}`, special: true })));
    const many = parseTokenizer(alike);
    const peer = createPeer(alike);
    for (const text of ['<x59990<x5<x', '<x6000', '<<x12x1', '<x']) {
      expect(many.encode(text, { special: true })).toEqual(peer(text));
    }
    // comparing each with each took 10 s
    expect(processorTime(() => many.encode('<'.repeat(200_000), { special: true }))).toBeLessThan(3000);
  });

  test('have their text as bytes', () => {
    expect(new TextDecoder().decode(tokenizer.bytesOf(2047))).toBe('<|endoftext|>');
  });

  test('cannot be forged by merging', () => {
    const vocab = { '<': 0, x: 1, '>': 2, '<x': 3, '<x>': 4 };
    for (const ignore_merges of [true, false]) {
      const forging = parseTokenizer({
        added_tokens: [{ ...flags, id: 4, content: '<x>', special: true }],
        pre_tokenizer: { type: 'ByteLevel', use_regex: false },
        decoder: { type: 'ByteLevel' },
        model: { type: 'BPE', vocab, merges: ['< x', '<x >'], ignore_merges },
      });
      expect(forging.encode('<x>')).toEqual([3, 2]);
      expect(forging.encode('<x>', { special: true })).toEqual([4]);
    }
  });
});

describe('other added tokens', () => {
  test('are always found', () => {
    const tokenizer = parseTokenizer(withTokens({ content: '<think>' }));
    expect(tokenizer.encode('a<think>')).toEqual([...tokenizer.encode('a'), size]);
  });

  test('take white space along where they say so', () => {
    const tokenizer = parseTokenizer(withTokens({ content: '<l>', lstrip: true }, { content: '<r>', rstrip: true }));
    const [a, b] = [tokenizer.encode('a'), tokenizer.encode('b')];
    expect(tokenizer.encode('a \n<l>b')).toEqual([...a, size, ...b]);
    expect(tokenizer.encode('a<r> \u3000b')).toEqual([...a, size + 1, ...b]);
    expect(tokenizer.encode('a<r> <l>b')).toEqual([...a, size + 1, size, ...b]);
    expect(tokenizer.encode(' <l>')).toEqual([size]);
  });

  test('may have to stand alone', () => {
    const tokenizer = parseTokenizer(withTokens({ content: '<w>', single_word: true }));
    expect(tokenizer.encode('<w>')).toEqual([size]);
    expect(tokenizer.encode('x <w>.')).toContain(size);
    for (const text of ['x<w>', '<w>x', '<w>1', '𝒳<w>', '<w>𝒳', '_<w>'])
      expect(tokenizer.encode(text)).not.toContain(size);
  });

  test('are looked for in the normalized text if normalized themselves', () => {
    const json = { ...withTokens({ content: 'É!', normalized: true }), normalizer: { type: 'NFD' } };
    const tokenizer = parseTokenizer(json);
    expect(tokenizer.encode('É!')).toEqual([size]);
    expect(tokenizer.encode('E\u0301!')).toEqual([size]);
  });
});
