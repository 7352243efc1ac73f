import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensors } from '@yoco-u/checkpoint';
import { directoryFiles, openFileSource, writeSafetensors } from '@yoco-u/checkpoint/node';
import type { BackendOptions } from '@yoco-u/yoco-u';
import { loadParts } from '@yoco-u/yoco-u/node';
import { describe, expect, test } from 'vitest';
import { isFailure } from './check-result.ts';
import { chunkedPrefill, fullForward, runForwardChecks, tokenByToken } from './forward-checks.ts';
import { readGolden } from './golden.ts';

const golden = join(import.meta.dirname, '../../../../fixtures/golden');
const folders = readdirSync(golden).filter((name) => !name.startsWith('train_'));
const devices: readonly BackendOptions[] = [
  { backend: 'reference' },
  { backend: 'wasm', threads: 1, simd: 'relaxed' },
  { backend: 'wasm', threads: 2, simd: 'relaxed' },
  { backend: 'wasm', threads: 1, simd: 'baseline' },
  { backend: 'wasm', threads: 2, simd: 'baseline' },
];
const product = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);
/** Gated retention's three forms agree to rounding only. */
const exact = folders.filter((name) => !/retention|hybrid/.test(name));

describe.each(devices)('golden models on %o', (device) => {
  test.each(folders)('%s: every way to run it gives the recorded numbers', async (name) => {
    const folder = join(golden, name);
    await using parts = await loadParts(folder, device);
    const results = await runForwardChecks({ ...parts, golden: await readGolden(directoryFiles(folder)) }, 1e-4);
    expect(results).toHaveLength(8);
    expect(results.filter(isFailure)).toEqual([]);
  });

  test.each(exact)('%s: full, chunked and token by token agree bit for bit', async (name) => {
    const folder = join(golden, name);
    await using parts = await loadParts(folder, device);
    const subject = { ...parts, golden: await readGolden(directoryFiles(folder)) };
    const full = await fullForward(subject);
    expect(await chunkedPrefill(subject)).toEqual(full);
    expect(await tokenByToken(subject)).toEqual(full);
  });
});

test('threads do not change a bit', async () => {
  const folder = join(golden, 'yoco_u_wide');
  const runs: Float32Array[] = [];
  for (const threads of [1, 2]) {
    await using parts = await loadParts(folder, { backend: 'wasm', threads });
    runs.push(await fullForward({ ...parts, golden: await readGolden(directoryFiles(folder)) }));
  }
  expect(runs[0]).toEqual(runs[1]);
});

test.each([
  ['greedy', [0]],
  ['greedy', [4, 6]],
  ['tokens', [46]],
  ['targets', [23, 2]],
] as const)('a recorded %s of shape %j is refused, named', async (name, shape) => {
  const folder = await mkdtemp(join(tmpdir(), 'yoco-u-golden-'));
  try {
    const source = await openFileSource(join(golden, 'yoco_u', 'io.safetensors'));
    const { tensors } = await openSafetensors(source);
    const changed = Array.from(tensors.values(), (entry) =>
      entry.name === name ? { ...entry, shape, read: async () => new Int32Array(product(shape)) } : entry,
    );
    await writeSafetensors(join(folder, 'io.safetensors'), changed);
    await source.close?.();
    await expect(readGolden(directoryFiles(folder))).rejects.toThrow(name);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a wrong number is reported, not passed over', async () => {
  const folder = join(golden, 'yoco_u');
  const recorded = await readGolden(directoryFiles(folder));
  const logits = recorded.logits.map((logit) => logit + 0.01);
  const greedy = recorded.greedy.slice();
  greedy[23] = (greedy[23]! + 1) % 97;
  await using parts = await loadParts(folder, { backend: 'reference' });
  const results = await runForwardChecks(
    { ...parts, golden: { ...recorded, logits, greedy, loss: recorded.loss + 0.01 } },
    1e-4,
  );
  expect(results.filter((result) => !isFailure(result))).toEqual([]);
});
