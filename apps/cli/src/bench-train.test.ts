/** The benchmark of training: what it prints can be read by a program, and wrong shapes end with the names of the known ones. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

async function benchTrain(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['--conditions', '@yoco-u/source', main, 'bench', 'train', ...args]);
  const [out, err] = [text(child.stdout), text(child.stderr)];
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out: await out, err: await err };
}

test('a measured step stands beside limits of the same run and the memory that was planned', async () => {
  const { code, out } = await benchTrain('--runs', '1', '--threads', '1', '--json');
  expect(code).toBe(0);
  const result = JSON.parse(out) as Record<string, number> & { limits: Record<string, number> };
  expect(result.tokensPerStep).toBe(12 * 256);
  expect(result.flopsPerToken).toBeGreaterThan(15e6);
  expect(result.gflops).toBeCloseTo((result.tokensPerSecond! * result.flopsPerToken!) / 1e9, 6);
  for (const limit of Object.values(result.limits)) expect(limit).toBeGreaterThan(0);
  expect(result.plannedBytes).toBeGreaterThan(100 * 2 ** 20);
}, 180_000);

test('an unknown shape is refused with the known ones', async () => {
  const { code, err } = await benchTrain('--shape', 'huge');
  expect(code).toBe(2);
  expect(err).toContain("--shape: expected one of 1m, 8m, got 'huge'");
});
