import { TokenizerError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { learnNaively } from '../__fixtures__/naive-training.ts';
import { loadSpeeches } from '../__fixtures__/speeches.ts';
import { createHardText, createPeer, createRandom, hardPieces, loadProse } from '../__fixtures__/stories.ts';
import { parseTokenizer, serializeTokenizer } from '../parse-tokenizer.ts';
import type { TrainTokenizerProgress } from './train-options.ts';
import { trainTokenizer } from './train-tokenizer.ts';

const prose = loadProse();
const separator = '<|endoftext|>';

function mergesOf(tokenizer: Parameters<typeof serializeTokenizer>[0]): [string, string][] {
  return JSON.parse(serializeTokenizer(tokenizer)).model.merges;
}

/** Words of few letters, so that ties, runs and tokens with two merges abound. */
function createWords(seed: number, count: number, letters: string): string[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random(9) }, () => letters[random(letters.length)]).join(''),
  );
}

describe('what is learned', () => {
  test.each([
    ['two letters', 'ab'],
    ['three letters', 'abc'],
    ['one letter', 'a'],
    ['letters of two bytes', 'aéß'],
  ])('the merges of the definition: %s', async (_name, letters) => {
    for (let seed = 1; seed <= 25; seed++) {
      const words = createWords(seed * 7919, 5 + 3 * seed, letters);
      const tokenizer = await trainTokenizer(words, { vocabularySize: 1024, pattern: '\\p{L}+', minFrequency: 3 });
      expect(mergesOf(tokenizer)).toEqual(learnNaively(words, 768, 3));
    }
  });

  test('the merges of the definition, on prose', async () => {
    const text = prose.slice(0, 30_001);
    const tokenizer = await trainTokenizer([text], { vocabularySize: 256 + 101, pattern: ' ?\\p{L}+|\\P{L}' });
    const words = text.match(/ ?\p{L}+|\P{L}/gu) ?? [];
    expect(mergesOf(tokenizer)).toEqual(learnNaively(words, 101, 2));
  });

  test('equal counts: the lower left id first, then the lower right', async () => {
    const tokenizer = await trainTokenizer(['xb', 'ad', 'xa', 'ac', 'xb', 'ad', 'xa', 'ac'], { vocabularySize: 260 });
    expect(mergesOf(tokenizer)).toEqual([
      ['a', 'c'],
      ['a', 'd'],
      ['x', 'a'],
      ['x', 'b'],
    ]);
  });

  test('no word reaches from one text into the next', async () => {
    const tokenizer = await trainTokenizer(['ab', 'ab', 'ab'], { vocabularySize: 300, pattern: '\\p{Any}+' });
    expect(mergesOf(tokenizer)).toEqual([['a', 'b']]);
  });

  test('the order of texts, and how they arrive, changes nothing', async () => {
    const texts = loadSpeeches().slice(0, 9);
    const options = { vocabularySize: 701, specialTokens: [separator] };
    async function* stream() {
      for (const text of texts.toReversed()) yield text;
    }
    const one = serializeTokenizer(await trainTokenizer(texts, options));
    expect(serializeTokenizer(await trainTokenizer(stream(), options))).toBe(one);
    expect(serializeTokenizer(await trainTokenizer([texts.join(separator)], options))).toBe(one);
  });
});

describe('the tokenizer', () => {
  test('gives the ids of @huggingface/tokenizers', async () => {
    const trained = await trainTokenizer(loadSpeeches(), {
      vocabularySize: 4096,
      specialTokens: [separator, '<|pad|>'],
    });
    expect(trained.vocabularySize).toBe(4096);
    expect([...trained.specialTokens]).toEqual([
      [separator, 4094],
      ['<|pad|>', 4095],
    ]);
    const file = serializeTokenizer(trained);
    const peer = createPeer(JSON.parse(file));
    const read = parseTokenizer(file);
    const random = createRandom(23);
    const texts = [
      ...hardPieces,
      ...Array.from({ length: 60 }, () => createHardText(random, 1 + random(13))),
      prose.slice(0, 50_001),
    ].map((text) => text.replaceAll(separator, '<|'));
    for (const text of texts) {
      const ids = trained.encode(text);
      expect(ids, JSON.stringify(text.slice(0, 80))).toEqual(peer(text));
      expect(read.encode(text)).toEqual(ids);
      expect(trained.decode(ids)).toBe((text as string & { toWellFormed(): string }).toWellFormed());
    }
    expect(trained.encode(`a${separator}b`, { special: true })).toEqual([97, 4094, 98]);
  });

  test('a vocabulary of bytes only', async () => {
    const tokenizer = await trainTokenizer(['any text'], { vocabularySize: 257, specialTokens: ['<s>'] });
    expect(tokenizer.encode('né<s>', { special: true })).toEqual([110, 0xc3, 0xa9, 256]);
  });

  test('special tokens are not learned, and no token takes their text', async () => {
    const text = `${'the the'.repeat(9)}${'<s>'.repeat(99)}`;
    const tokenizer = await trainTokenizer([text], {
      vocabularySize: 512,
      specialTokens: ['<s>', 'the'],
      minFrequency: 1,
    });
    expect(tokenizer.vocabularySize).toBe(258);
    const other = await trainTokenizer(['then then'], { vocabularySize: 512, specialTokens: ['en'], minFrequency: 1 });
    expect(mergesOf(other).map((pair) => pair.join(''))).not.toContain('en');
    expect(other.encode('then').map((id) => other.decode([id]))).toEqual(['th', 'e', 'n']);
  });

  test('too little text gives a smaller vocabulary, and says so', async () => {
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    const tokenizer = await trainTokenizer(['banana banana'], {
      vocabularySize: 1000,
      specialTokens: ['<s>'],
      onWarning,
    });
    expect(tokenizer.decode(tokenizer.encode('banana'))).toBe('banana');
    expect(tokenizer.vocabularySize).toBe(256 + mergesOf(tokenizer).length + 1);
    expect(tokenizer.specialTokens.get('<s>')).toBe(tokenizer.vocabularySize - 1);
    expect(warnings).toEqual([expect.stringContaining('expected text for 1000 tokens, got 26')]);
    const none = await trainTokenizer([], { vocabularySize: 1000, onWarning });
    expect(none.vocabularySize).toBe(256);
    expect(warnings.length).toBe(2);
  });

  test('merges go down to the least frequency asked for', async () => {
    const sizes = await Promise.all(
      [1, 2, 50].map(async (minFrequency) => {
        const tokenizer = await trainTokenizer([prose.slice(0, 5001)], { vocabularySize: 4096, minFrequency });
        return tokenizer.vocabularySize;
      }),
    );
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => b - a));
  });
});

describe('while it runs', () => {
  test('progress ends complete, in both phases', async () => {
    const events: TrainTokenizerProgress[] = [];
    await trainTokenizer([`${prose}<s>`], {
      vocabularySize: 400,
      specialTokens: ['<s>'],
      onProgress: (it) => events.push(it),
    });
    const last = (phase: string) => events.findLast((it) => it.phase === phase);
    expect(last('counting')).toEqual({ phase: 'counting', done: prose.length + 3, total: prose.length + 3 });
    expect(last('merging')).toEqual({ phase: 'merging', done: 399, total: 399 });
    for (const [index, event] of events.entries()) {
      const before = events[index - 1];
      if (before?.phase === event.phase) expect(event.done).toBeGreaterThanOrEqual(before.done);
    }
  });

  test('timers get their turn, and what they abort ends with their reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let turns = 0;
    const timer = setInterval(() => {
      if (++turns === 3) controller.abort(reason);
    }, 1);
    // Never over by itself.
    function* forever() {
      for (;;) yield prose;
    }
    const training = trainTokenizer(forever(), { vocabularySize: 400, signal: controller.signal });
    await expect(training).rejects.toBe(reason);
    clearInterval(timer);
  });

  test('what was aborted before reads no text, and what is aborted closes its texts', async () => {
    let read = 0;
    let closed = false;
    function* texts() {
      try {
        for (;;) {
          read++;
          yield prose;
        }
      } finally {
        closed = true;
      }
    }
    const aborted = AbortSignal.abort(new Error('no'));
    await expect(trainTokenizer(texts(), { vocabularySize: 400, signal: aborted })).rejects.toThrow('no');
    expect(read).toBe(0);
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('later'));
    const training = trainTokenizer(texts(), { vocabularySize: 400, signal: controller.signal, onProgress });
    await expect(training).rejects.toThrow('later');
    expect(closed).toBe(true);
  });
});

describe('what cannot be trained', () => {
  const size = { vocabularySize: 300 };
  test.each<readonly [string, unknown, object, RegExp]>([
    [
      'too small a vocabulary',
      ['a'],
      { vocabularySize: 255 },
      /vocabularySize: expected an integer from 256 .* got 255/,
    ],
    ['no room for special tokens', ['a'], { vocabularySize: 256, specialTokens: ['<s>'] }, /from 257 .*1 special/],
    ['a fractional vocabulary', ['a'], { vocabularySize: 300.5 }, /got 300.5/],
    ['too large a vocabulary', ['a'], { vocabularySize: 2 ** 21 }, /to 1048576, got 2097152/],
    ['a frequency of 0', ['a'], { ...size, minFrequency: 0 }, /minFrequency: expected an integer of at least 1, got 0/],
    ['an empty special token', ['a'], { ...size, specialTokens: ['<s>', ''] }, /specialTokens\[1\]: .* got ""/],
    [
      'a special token twice',
      ['a'],
      { ...size, specialTokens: ['<s>', '<s>'] },
      /specialTokens\[1\]: expected each token once/,
    ],
    ['a special token that is a byte', ['a'], { ...size, specialTokens: ['Ġ'] }, /no token of a byte, got "Ġ"/],
    ['a special token of half a character', ['a'], { ...size, specialTokens: ['\ud83d'] }, /no lone surrogates/],
    ['a pattern that is none', ['a'], { ...size, pattern: '(' }, /pattern: expected/],
    ['a pattern that is no text', ['a'], { ...size, pattern: /a/ }, /pattern: expected a text, got an object/],
    ['a text instead of texts', 'a text', size, /texts: expected an iterable of strings, got "a text"; put a single/],
    ['no texts', undefined, size, /texts: expected an iterable of strings, got nothing/],
    ['a number among texts', ['a', 7], size, /text 1: expected a string, got 7/],
  ])('%s', async (_name, texts, options, message) => {
    const training = trainTokenizer(texts as string[], options as typeof size);
    await expect(training).rejects.toThrow(TokenizerError);
    await expect(training).rejects.toThrow(message);
  });
});
