import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const folder = mkdtempSync(join(tmpdir(), 'summary-reporter-'));

afterAll(() => rmSync(folder, { recursive: true }));

function runFixtures(environment: Record<string, string>, filters: readonly string[] = []) {
  const { SUMMARY_FILE: _ours, ...rest } = process.env;
  return spawnSync(process.execPath, [vitest, 'run', ...filters], {
    cwd: join(import.meta.dirname, 'fixtures'),
    env: { ...rest, ...environment },
    encoding: 'utf8',
  });
}

test('a run ends with the closing line, counts what could not run as failed, and gives reasons for skips', () => {
  const { status, stdout } = runFixtures({});
  const lines = stdout.trimEnd().split('\n');
  // Failed: the test, the module that does not load, the suite's hook. Skipped: two, and the test behind the hook.
  expect(lines.at(-1)).toBe('1 passed, 3 failed, 3 skipped');
  expect(lines).toContain('skipped: is skipped with a reason (no such device)');
  expect(status).toBe(1);
});

test('with SUMMARY_FILE the counts go to the file and no closing line is printed', () => {
  const file = join(folder, 'summary.json');
  const { stdout } = runFixtures({ SUMMARY_FILE: file }, ['outcomes']);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ passed: 1, failed: 1, skipped: 2 });
  expect(stdout).not.toMatch(/^\d+ passed/m);
});
