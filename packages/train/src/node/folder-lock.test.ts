import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@yoco-u/spec';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yoco-u-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('of many that come at once none gets in beside another, and all leave nothing', async () => {
  let inside = 0;
  let most = 0;
  const come = async (): Promise<void> => {
    await using _lock = await lockFolder(folder);
    most = Math.max(most, ++inside);
    await readdir(folder);
    inside--;
  };
  for (let round = 0; round < 5; round++) {
    // left by a process that is dead, and by one whose id another has by now, where the system tells
    await writeFile(join(folder, `.lock-${2 ** 30}-17-0123456789ab`), '');
    if (existsSync('/proc/self/stat')) await writeFile(join(folder, `.lock-${process.ppid}-1-ba9876543210`), '');
    const results = await Promise.allSettled(Array.from({ length: 5 }, come));
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ConfigError);
  }
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('who holds it is told, with what to do', async () => {
  await using _lock = await lockFolder(folder);
  const [held] = await readdir(folder);
  const refused = lockFolder(folder);
  await expect(refused).rejects.toThrow(`process ${process.pid} trains in`);
  await expect(refused).rejects.toThrow(join(folder, held!));
});
