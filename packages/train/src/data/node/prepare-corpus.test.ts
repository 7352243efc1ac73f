import { mkdir, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  createTokenizer,
  idsOf,
  joinDocuments,
  loadChapters,
  memoryCorpusOf,
  temporaryFolder,
} from '../__fixtures__/text.ts';
import { DataError } from '../data-error.ts';
import { documentsOf } from '../dataset.ts';
import { createRowStream } from '../row-stream.ts';
import type { CacheManifest } from './cache-manifest.ts';
import { type PrepareCorpusOptions, prepareCorpus } from './prepare-corpus.ts';
import type { DataProgress } from './progress.ts';

const chapters = loadChapters();
const { tokenizer, text: tokenizerText } = createTokenizer();
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let warnings: string[] = [];
let reports: DataProgress[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());
beforeEach(async () => {
  await rm(folder.at('cache'), { recursive: true, force: true });
  await writeFile(folder.at('book.txt'), joinDocuments(chapters.slice(0, 9)));
  warnings = [];
  reports = [];
});

function prepare(changes: Partial<PrepareCorpusOptions> = {}) {
  return prepareCorpus({
    sources: ['book.txt'],
    directory: folder.path,
    tokenizer,
    tokenizerText,
    cacheFolder: folder.at('cache'),
    onWarning: (message) => warnings.push(message),
    onProgress: (progress) => reports.push(progress),
    ...changes,
  });
}

/** Whether the text was tokenised, and not taken from the cache. */
async function tokenizes(changes: Partial<PrepareCorpusOptions> = {}): Promise<boolean> {
  reports = [];
  await using _corpus = await prepare(changes);
  return reports.some(({ phase }) => phase === 'tokenizing');
}

const cacheFiles = async () => (await readdir(folder.at('cache'))).sort();

async function manifestOf(): Promise<CacheManifest & { path: string }> {
  const name = (await cacheFiles()).find((file) => file.endsWith('.json')) ?? '';
  return { ...JSON.parse(await readFile(folder.at('cache', name), 'utf8')), path: folder.at('cache', name) };
}

describe('prepareCorpus', () => {
  test.each([0, 70_000])('holds the ids of the documents, also from the cache (%i more tokens)', async (padding) => {
    const padded = createTokenizer(padding);
    const changes = { tokenizer: padded.tokenizer, tokenizerText: padded.text };
    const memory = await memoryCorpusOf(chapters.slice(0, 9));
    for (const _turn of ['made', 'reused']) {
      await using corpus = await prepare(changes);
      expect(await idsOf(corpus)).toEqual(await idsOf(memory));
      expect(corpus).toMatchObject({ tokens: memory.tokens, bytes: memory.bytes, fingerprint: memory.fingerprint });
      expect(corpus.documents).toEqual(memory.documents);
      expect(await idsOf(corpus, 11, 14)).toEqual((await idsOf(memory)).slice(11, 14));
      await expect(corpus.read(corpus.tokens - 1, new Int32Array(2))).rejects.toThrow(DataError);
    }
    expect((await manifestOf()).idBytes).toBe(padding === 0 ? 2 : 4);
    expect(warnings).toEqual([]);
  });

  test('tokenises once, with progress to the end', async () => {
    expect(await tokenizes()).toBe(true);
    const size = (await stat(folder.at('book.txt'))).size;
    expect(reports.at(-1)).toMatchObject({ file: 'book.txt', doneBytes: size, totalBytes: size });
    expect(await tokenizes()).toBe(false);
    expect(await tokenizes({ check: 'times' })).toBe(false);
    expect((await cacheFiles()).length).toBe(2);
  });

  test('tokenises again when the text changed, and keeps one file of ids', async () => {
    await tokenizes();
    const before = await stat(folder.at('book.txt'));
    const changed = (await readFile(folder.at('book.txt'), 'utf8')).replace('Ishmael', 'Leviath');
    await writeFile(folder.at('book.txt'), changed);
    await utimes(folder.at('book.txt'), before.atime, before.mtime);
    expect(await tokenizes()).toBe(true);
    expect(warnings).toEqual(['book.txt: the cache is made again: book.txt changed']);
    await writeFile(folder.at('book.txt'), `${changed}!`);
    expect(await tokenizes({ check: 'times' })).toBe(true);
    expect((await cacheFiles()).length).toBe(2);
  });

  test('a new time alone changes nothing, unless times are what counts', async () => {
    await tokenizes();
    await utimes(folder.at('book.txt'), 1, 1);
    expect(await tokenizes()).toBe(false);
    expect(await tokenizes({ check: 'times' })).toBe(true);
  });

  test('another tokenizer or field has a cache of its own', async () => {
    await tokenizes();
    expect(await tokenizes({ tokenizerText: `${tokenizerText} ` })).toBe(true);
    expect(await tokenizes({ field: 'story' })).toBe(true);
    expect(await tokenizes()).toBe(false);
    expect((await cacheFiles()).length).toBe(6);
  });

  test.each<[string, (manifest: CacheManifest & { path: string }) => Promise<void>]>([
    ['an id', ({ file }) => flipByte(folder.at('cache', file), 101)],
    [
      'the table of documents',
      ({ file, documentTableOffset }) => flipByte(folder.at('cache', file), documentTableOffset),
    ],
    [
      'its end',
      async ({ file, fileBytes }) => {
        const handle = await open(folder.at('cache', file), 'r+');
        await handle.truncate(fileBytes - 1);
        await handle.close();
      },
    ],
    ['its file of ids', ({ file }) => rm(folder.at('cache', file))],
    ['half of its manifest', async ({ path }) => writeFile(path, (await readFile(path)).subarray(0, 300))],
    [
      'the counts of its manifest',
      async ({ path, ...rest }) => writeFile(path, JSON.stringify({ ...rest, tokens: 3 })),
    ],
    [
      'the sources of its manifest',
      async ({ path, ...rest }) => writeFile(path, JSON.stringify({ ...rest, sources: [1] })),
    ],
    ['its version', async ({ path, ...rest }) => writeFile(path, JSON.stringify({ ...rest, version: 2 }))],
    [
      'a path that leads elsewhere',
      async ({ path, ...rest }) => writeFile(path, JSON.stringify({ ...rest, file: '../a' })),
    ],
  ])('a cache that lost %s is made again', async (_name, damage) => {
    await using whole = await prepare();
    const ids = await idsOf(whole);
    await damage(await manifestOf());
    await using again = await prepare();
    expect(warnings.length).toBe(1);
    expect(await idsOf(again)).toEqual(ids);
    expect(await tokenizes()).toBe(false);
  });

  test('an interruption at any moment leaves what was there before', async () => {
    await tokenizes();
    const before = await Promise.all((await cacheFiles()).map((name) => readFile(folder.at('cache', name))));
    await writeFile(folder.at('book.txt'), joinDocuments(chapters.slice(0, 30)));
    const reason = new Error('enough');
    for (const documents of [1, 2, 5, 29]) {
      const controller = new AbortController();
      let left = documents;
      const encode: typeof tokenizer.encode = (given) => {
        if (--left === 0) controller.abort(reason);
        return tokenizer.encode(given);
      };
      const preparing = prepare({ tokenizer: { ...tokenizer, encode }, signal: controller.signal });
      await expect(preparing).rejects.toBe(reason);
      const after = await Promise.all((await cacheFiles()).map((name) => readFile(folder.at('cache', name))));
      expect(after).toEqual(before);
    }
    await expect(prepare({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await tokenizes()).toBe(true);
  });

  test('a failure of the tokenizer leaves no file', async () => {
    const encode = () => {
      throw new Error('broken');
    };
    await expect(prepare({ tokenizer: { ...tokenizer, encode } })).rejects.toThrow('broken');
    expect(await cacheFiles()).toEqual([]);
  });

  test('what a killed process left is removed, what a running one writes is not', async () => {
    await tokenizes();
    const { path } = await manifestOf();
    const key = path.slice(-21, -5);
    await writeFile(folder.at('cache', `.${key}.999999999.0123456789ab.tmp`), 'left');
    await writeFile(folder.at('cache', `.${key}.${process.ppid}.0123456789ab.tmp`), 'growing');
    await writeFile(folder.at('cache', `.${key}.${process.ppid}.ba9876543210.tmp`), 'left long ago');
    await utimes(folder.at('cache', `.${key}.${process.ppid}.ba9876543210.tmp`), 1, 1);
    await rm(path);
    await tokenizes();
    expect((await cacheFiles()).filter((name) => name.endsWith('.tmp'))).toEqual([
      `.${key}.${process.ppid}.0123456789ab.tmp`,
    ]);
  });

  test('several at once make one whole cache', async () => {
    const corpora = await Promise.all([prepare(), prepare(), prepare()]);
    const [first, ...others] = await Promise.all(corpora.map((corpus) => idsOf(corpus)));
    for (const ids of others) expect(ids).toEqual(first);
    for (const corpus of corpora) await corpus[Symbol.asyncDispose]();
    expect((await cacheFiles()).length).toBe(2);
    expect(await tokenizes()).toBe(false);
  });

  test('many small files are one corpus; a file more is noticed', async () => {
    await mkdir(folder.at('many'), { recursive: true });
    const texts = chapters.flatMap((chapter) => chapter.slice(0, 3000).split(/(?<=\. )/)).slice(0, 700);
    const name = (index: number) => folder.at('many', `${String(index).padStart(4, '0')}.txt`);
    for (const [index, text] of texts.entries()) await writeFile(name(index), text);
    await using corpus = await prepare({ sources: ['many'] });
    expect(await idsOf(corpus)).toEqual(await idsOf(await memoryCorpusOf(texts)));
    expect(await tokenizes({ sources: ['many'] })).toBe(false);
    await writeFile(name(texts.length), 'more');
    expect(await tokenizes({ sources: ['many'] })).toBe(true);
    expect(warnings).toEqual(['many: the cache is made again: the list of files changed']);
  });

  test('rows from the file are the rows from memory', async () => {
    await using corpus = await prepare();
    const memory = await memoryCorpusOf(chapters.slice(0, 9));
    const options = { sequenceLength: 101, seed: 3, bosTokenId: 270 };
    const fromFile = createRowStream(documentsOf(corpus), options);
    const fromMemory = createRowStream(documentsOf(memory), options);
    const rows = fromMemory.rowsPerEpoch + 3;
    expect(await fromFile.next(rows)).toEqual(await fromMemory.next(rows));
    fromMemory.restore(fromFile.state());
  });

  test.each([
    ['empty', '', 'text to train on'],
    ['white space', ' \n<|endoftext|>\n\t', 'text to train on'],
    ['binary', '\u0000\u0001', 'binary data'],
  ])('refuses %s text, and leaves no file', async (_name, text, message) => {
    await writeFile(folder.at('book.txt'), text);
    await expect(prepare()).rejects.toThrow(DataError);
    await expect(prepare()).rejects.toThrow(message);
    expect(await cacheFiles()).toEqual([]);
  });

  test('refuses a folder that cannot be made', async () => {
    await expect(prepare({ cacheFolder: folder.at('book.txt', 'cache') })).rejects.toThrow(DataError);
    await expect(prepare({ cacheFolder: '/dev/null/cache' })).rejects.toThrow('expected a folder for token files');
  });
});

async function flipByte(path: string, at: number): Promise<void> {
  const handle = await open(path, 'r+');
  const byte = new Uint8Array(1);
  await handle.read(byte, 0, 1, at);
  byte[0] ^= 1;
  await handle.write(byte, 0, 1, at);
  await handle.close();
}
