import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assembly-cli-'));
  await mkdir(join(folder, 'assembly'));
});
afterAll(() => rm(folder, { recursive: true }));

const failure = async (...given: string[]): Promise<{ readonly code: number; readonly stderr: string }> => {
  const script = join(import.meta.dirname, 'cli.ts');
  return promisify(execFile)(process.execPath, ['--conditions=@yoco-u/source', script, ...given]).then(
    () => ({ code: 0, stderr: '' }),
    (error) => error,
  );
};

test('what is wrong is said without a stack', async () => {
  const entry = join(folder, 'assembly', 'mistake.ts');
  await writeFile(entry, 'export function f(): i32 { return g(); }');
  const asked = await failure('--chekc', entry);
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringMatching(/^Unknown option '--chekc'.*\nusage: .*\n$/) });
  const compiled = await failure(entry);
  expect(compiled).toMatchObject({ code: 1, stderr: expect.stringContaining("Cannot find name 'g'") });
  expect(compiled.stderr).not.toContain(' at ');
});
