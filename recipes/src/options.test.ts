import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseRecipeOptions } from './options.ts';

test('options of a recipe', () => {
  expect(parseRecipeOptions(['--data', 'a', '--data', 'b', '--out', 'c'])).toEqual({
    data: ['a', 'b'],
    validationData: undefined,
    out: 'c',
    threads: undefined,
  });
  const all = ['--data', 'a', '--validation-data', 'v', '--out', 'c', '--threads', '2'];
  expect(parseRecipeOptions(all)).toMatchObject({ validationData: ['v'], threads: 2 });
});

test.each([
  [[], 'got none'],
  [['--data', 'a'], '--out DIR'],
  [['--data', 'a', '--out', 'b', '--speed', '9'], '--speed'],
  [['--data', 'a', '--out', 'b', 'c'], "'c'"],
  [['--data', 'a', '--out', 'b', '--threads', '0'], '--threads'],
  [['--data', 'a', '--out', 'b', '--threads', 'two'], 'two'],
])('%j is refused', (argv, message) => {
  expect(() => parseRecipeOptions(argv)).toThrow(message);
});

test.each(['stories/recipe.ts', 'stories/export.ts', 'yoco-vs-yoco-u/recipe.ts'])('%s says what it needs', (script) => {
  const path = join(import.meta.dirname, '..', script);
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--conditions', '@yoco-u/source', path, '--data', 'nowhere'],
    {
      encoding: 'utf8',
    },
  );
  expect(stderr).toContain('error: options: expected --');
  expect(status).toBe(2);
});
