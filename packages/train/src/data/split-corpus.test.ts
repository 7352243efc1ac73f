import { ConfigError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { idsOf, loadChapters, memoryCorpusOf } from './__fixtures__/text.ts';
import { DataError } from './data-error.ts';
import type { Dataset } from './dataset.ts';
import { separateCorpora, splitCorpus } from './split-corpus.ts';

const chapters = loadChapters();

async function textsOf(dataset: Dataset): Promise<string[]> {
  const { starts, ends, corpus } = dataset;
  return Promise.all(Array.from(starts, async (start, part) => (await idsOf(corpus, start, ends[part])).join(' ')));
}

function expectDisjoint({ train, validation }: { train: Dataset; validation: Dataset }, tokens: number): void {
  const owner = new Uint8Array(tokens);
  for (const { starts, ends } of [train, validation]) {
    for (let part = 0; part < starts.length; part++) {
      for (let at = starts[part]; at < ends[part]; at++) owner[at]++;
    }
  }
  expect(owner.every((count) => count === 1)).toBe(true);
}

describe('splitCorpus', () => {
  test.each([0.003, 0.05, 0.31])('a share of %d: every document is on one side', async (share) => {
    const corpus = await memoryCorpusOf(chapters);
    const split = splitCorpus(corpus, { share, seed: 7 });
    expectDisjoint(split, corpus.tokens);
    expect(split.validation.count).toBe(Math.max(1, Math.round(share * chapters.length)));
    expect(split.byPosition).toBe(false);
  });

  test('depends on the seed and on nothing else', async () => {
    const corpus = await memoryCorpusOf(chapters);
    const again = await memoryCorpusOf(chapters);
    const starts = (seed: number, from = corpus) => [...splitCorpus(from, { seed }).validation.starts];
    expect(starts(3)).toEqual(starts(3, again));
    expect(new Set([0, 1, 2, 3, 4, -5].map((seed) => starts(seed).join())).size).toBe(6);
  });

  test('documents with the same text stay on one side', async () => {
    const corpus = await memoryCorpusOf([...chapters.slice(0, 9), ...chapters.slice(0, 9), chapters[10]]);
    for (let seed = 0; seed < 20; seed++) {
      const { train, validation } = splitCorpus(corpus, { seed, share: 0.3 });
      const known = new Set(await textsOf(train));
      expect((await textsOf(validation)).some((text) => known.has(text))).toBe(false);
    }
  });

  test('takes more documents than the share where a row needs them', async () => {
    const corpus = await memoryCorpusOf(Array.from({ length: 50 }, (_, index) => `chapter ${index}`));
    const { validation } = splitCorpus(corpus, { share: 0.02, minimumTokens: 40 });
    expect(validation.tokens).toBeGreaterThanOrEqual(40);
    expect(validation.tokens).toBeLessThan(60);
  });

  test('a single document is cut in two', async () => {
    const corpus = await memoryCorpusOf([chapters[1]]);
    const split = splitCorpus(corpus, { share: 0.1 });
    expectDisjoint(split, corpus.tokens);
    expect(split.byPosition).toBe(true);
    expect(split.validation.starts).toEqual(split.train.ends);
    expect(split.validation.tokens).toBe(Math.round(corpus.tokens * 0.1));
  });

  test('two documents are one each; a long one does not validate a short one', async () => {
    const even = splitCorpus(await memoryCorpusOf(['the whale and the sea', 'the whale in the sea']), { seed: 1 });
    expect([even.train.count, even.validation.count]).toEqual([1, 1]);
    for (let seed = 0; seed < 8; seed++) {
      const odd = splitCorpus(await memoryCorpusOf([chapters[1], 'a']), { seed });
      expect(odd.validation.tokens).toBeLessThan(odd.train.tokens);
    }
  });

  test('copies of one document are cut at one place', async () => {
    const corpus = await memoryCorpusOf([chapters[2], chapters[2], chapters[2]]);
    const split = splitCorpus(corpus, { share: 0.2 });
    expectDisjoint(split, corpus.tokens);
    expect([...split.validation.starts]).toEqual([...split.train.ends]);
  });

  test('refuses a text too short to share out', async () => {
    const corpus = await memoryCorpusOf(['a whale']);
    expect(() => splitCorpus(corpus, { minimumTokens: 100 })).toThrow(DataError);
    const one = await memoryCorpusOf(['a']);
    expect(() => splitCorpus(one)).toThrow(DataError);
  });

  test.each([{ share: 0 }, { share: 1 }, { share: Number.NaN }, { seed: 0.5 }])('refuses %o', async (options) => {
    const corpus = await memoryCorpusOf(['a', 'b']);
    expect(() => splitCorpus(corpus, options)).toThrow(ConfigError);
  });
});

describe('separateCorpora', () => {
  test('leaves out training documents that validate', async () => {
    const train = await memoryCorpusOf(chapters.slice(0, 20));
    const validation = await memoryCorpusOf(chapters.slice(17, 23));
    const split = separateCorpora(train, validation);
    expect([split.train.count, split.validation.count]).toEqual([17, 6]);
  });

  test('refuses to validate on all there is to train on', async () => {
    const corpus = await memoryCorpusOf(chapters.slice(0, 3));
    expect(() => separateCorpora(corpus, corpus)).toThrow(DataError);
  });
});
