import { TokenizerError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createHardText, createRandom, storiesJson, storiesText } from './__fixtures__/stories.ts';
import { parseTokenizer } from './parse-tokenizer.ts';

const tokenizer = parseTokenizer(storiesText);
/** Id of the token of one byte. */
const idOfByte = new Map<number, number>();
for (let id = 0; id < tokenizer.vocabularySize; id++) {
  const bytes = tokenizer.bytesOf(id);
  if (bytes.length === 1) idOfByte.set(bytes[0], id);
}
const idsOfBytes = (bytes: Iterable<number>) => [...bytes].map((byte) => idOfByte.get(byte) as number);

function stream(ids: readonly number[]): string[] {
  const decoder = tokenizer.createDecoder();
  return [...ids.map((id) => decoder.push(id)), decoder.flush()];
}

describe('decoding bytes', () => {
  test('every byte has a token', () => {
    expect(idOfByte.size).toBe(256);
  });

  test('any bytes decode as UTF-8 does, whole and as a stream, and come back exactly', () => {
    const random = createRandom(41);
    for (let round = 0; round < 200; round++) {
      const bytes = Uint8Array.from({ length: random(40) }, () => (random(3) === 0 ? random(128) : 128 + random(128)));
      const ids = idsOfBytes(bytes);
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
      expect(tokenizer.decode(ids)).toBe(text);
      expect(stream(ids).join('')).toBe(text);
      expect(ids.flatMap((id) => [...tokenizer.bytesOf(id)])).toEqual([...bytes]);
    }
  });

  test('a byte order mark is kept', () => {
    expect(tokenizer.decode(tokenizer.encode('\ufeffa'))).toBe('\ufeffa');
    expect(stream(tokenizer.encode('\ufeffa')).join('')).toBe('\ufeffa');
  });

  test('the bytes handed out are a copy', () => {
    tokenizer.bytesOf(300).fill(0);
    expect(tokenizer.bytesOf(300)).toEqual(parseTokenizer(storiesText).bytesOf(300));
  });
});

describe('a stream', () => {
  test('holds bytes back until they form a character', () => {
    const parts = stream(idsOfBytes(new TextEncoder().encode('é€😀')));
    expect(parts).toEqual(['', 'é', '', '', '€', '', '', '', '😀', '']);
  });

  test('has U+FFFD for a character that never completes, and starts afresh', () => {
    const decoder = tokenizer.createDecoder();
    expect(decoder.push(idOfByte.get(0xe2) as number)).toBe('');
    expect(decoder.flush()).toBe('\ufffd');
    expect(decoder.push(idOfByte.get(0x41) as number)).toBe('A');
    expect(decoder.flush()).toBe('');
  });

  test('never differs from decoding at once', () => {
    const random = createRandom(77);
    for (let round = 0; round < 50; round++) {
      const ids = [
        ...tokenizer.encode(createHardText(random, 5)),
        ...Array.from({ length: 10 }, () => random(tokenizer.vocabularySize)),
      ];
      expect(stream(ids).join('')).toBe(tokenizer.decode(ids));
    }
  });

  test('is independent of other streams', () => {
    const [a, b] = [tokenizer.createDecoder(), tokenizer.createDecoder()];
    a.push(idOfByte.get(0xc3) as number);
    expect(b.push(idOfByte.get(0x41) as number)).toBe('A');
    expect(a.push(idOfByte.get(0xa9) as number)).toBe('é');
  });
});

test.each([-1, 2048, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40])('%d is no id', (id) => {
  const decoder = tokenizer.createDecoder();
  for (const use of [() => tokenizer.decode([id]), () => tokenizer.bytesOf(id), () => decoder.push(id)]) {
    expect(use).toThrow(TokenizerError);
    expect(use).toThrow(`expected an id from 0 to 2047, got ${id}`);
  }
});

describe('decoders for byte fallback', () => {
  const vocab = { '<s>': 0, '?': 1, '▁a': 2, '▁': 3, a: 4, '<0xC3>': 5, '<0xA9>': 6, '<0x20>': 7, '▁▁b': 8 };
  const replace = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  const special = (id: number, content: string) => ({ id, content, special: true });

  function build(...decoders: readonly unknown[]) {
    return parseTokenizer({
      added_tokens: [special(0, '<s>'), special(1, '?')],
      model: { type: 'BPE', vocab, merges: [], unk_token: '?' },
      decoder: { type: 'Sequence', decoders },
    });
  }

  test('bytes join to characters', () => {
    const llama = build(replace, { type: 'ByteFallback' }, { type: 'Fuse' }, strip);
    expect(llama.decode([2, 5, 6, 8])).toBe('aé  b');
    expect(llama.decode([2, 5, 2])).toBe('a\ufffd a');
    expect([...llama.bytesOf(5)]).toEqual([0xc3]);
    expect(new TextDecoder().decode(llama.bytesOf(8))).toBe('  b');
  });

  test('text loses its first space, at the front and behind a special token', () => {
    const llama = build(replace, { type: 'ByteFallback' }, { type: 'Fuse' }, strip);
    expect(llama.decode([2, 2])).toBe('a a');
    expect(llama.decode([3, 3, 4])).toBe(' a');
    expect(llama.decode([0, 2, 2, 0, 2])).toBe('<s>a a<s>a');
    expect(llama.decode([4, 1, 2])).toBe('a? a');
    expect(llama.decode([7, 2])).toBe(' a');
    const decoder = llama.createDecoder();
    expect([0, 3, 2, 8].map((id) => decoder.push(id))).toEqual(['<s>', '', ' a', '  b']);
    decoder.flush();
    expect(decoder.push(2)).toBe('a');
  });

  test('without Fuse every token is stripped', () => {
    expect(build(replace, { ...strip, stop: 1 }).decode([2, 8, 3])).toBe('a b');
  });

  test.each([
    [[{ type: 'Fuse' }, replace], /decoder.decoders\[1\]: .*Replace later/],
    [[{ type: 'ByteFallback' }, { type: 'ByteLevel' }], /decoder.decoders\[1\]/],
    [[{ type: 'ByteFallback' }, strip], /Strip later/],
    [[{ type: 'Fuse' }, { ...strip, stop: 2 }], /decoder.decoders\[1\].stop: expected 0/],
    [[{ type: 'Fuse' }, { ...strip, content: '▁' }], /an ASCII character/],
    [[{ ...strip, content: 'ab' }], /one character/],
    [[{ type: 'Metaspace' }], /decoder.decoders\[0\].type: expected one of ByteLevel.* got "Metaspace"/],
  ])('%j is refused', (decoders, message) => {
    expect(() => build(...decoders)).toThrow(message);
  });

  test('a file without a decoder is refused', () => {
    expect(() => parseTokenizer(storiesJson({ decoder: null }))).toThrow(/decoder.type: expected one of .* got null/);
  });
});
