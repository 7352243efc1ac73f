import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { long } from './longest-first.ts';

test('the files that come first are there', () => {
  expect(long.filter((path) => !existsSync(join(import.meta.dirname, '../..', path)))).toEqual([]);
});
