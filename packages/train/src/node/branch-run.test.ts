import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectRun, tinyRequest, wasm } from '../__fixtures__/tiny-run.ts';
import type { StepEvent } from '../events.ts';
import { branchRun } from './branch-run.ts';
import { createMetricsFile } from './metrics-file.ts';

let root: string;
const folder = (name: string): string => join(root, name);
const weightsOf = (name: string): Promise<Buffer> => readFile(join(folder(name), 'model.safetensors'));
const stepsOf = async (name: string): Promise<readonly StepEvent[]> =>
  (await createMetricsFile(join(folder(name), 'metrics.jsonl')).read()).filter((line) => line.type === 'step');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'yoco-u-branch-'));
  await using backend = await wasm();
  await collectRun({ folder: folder('trunk'), request: tinyRequest, backend, stopAt: 9 });
});
afterAll(() => rm(root, { recursive: true }));

test('a branch goes on as its trunk does, bit for bit', async () => {
  await using backend = await wasm();
  await branchRun({ from: folder('trunk'), step: 9, to: folder('branch') });
  for (const name of ['branch', 'trunk']) {
    await collectRun({ folder: folder(name), request: {}, backend, resume: 'auto', stopAt: 12 });
  }
  expect(await weightsOf('branch')).toEqual(await weightsOf('trunk'));
  expect((await stepsOf('branch')).map(({ step, loss }) => [step, loss])).toEqual(
    (await stepsOf('trunk')).map(({ step, loss }) => [step, loss]),
  );
});

test('a branch from an earlier checkpoint may end in another way, and leaves its trunk alone', async () => {
  await using backend = await wasm();
  const before = await weightsOf('trunk');
  const listed = (await readdir(folder('trunk'), { recursive: true })).sort();
  await branchRun({ from: folder('trunk'), step: 9, to: folder('decayed') });
  const request = { steps: 13, schedule: { kind: 'linear', warmup: 9, final: 0 } } as const;
  const events = await collectRun({ folder: folder('decayed'), request, backend, resume: 'auto' });
  expect(events.at(-1)).toMatchObject({ type: 'end', step: 13, reason: 'done' });
  const steps = await stepsOf('decayed');
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
  const rates = steps.slice(9).map(({ learningRate }) => learningRate / steps[9]!.learningRate);
  for (const [index, rate] of [1, 0.75, 0.5, 0.25].entries()) expect(rates[index]).toBeCloseTo(rate, 12);
  expect(await weightsOf('trunk')).toEqual(before);
  expect((await readdir(folder('trunk'), { recursive: true })).sort()).toEqual(listed);
});

test('what a branch cannot begin from, or would overwrite, is refused', async () => {
  const branch = (from: string, step: number, to: string) => branchRun({ from: folder(from), step, to: folder(to) });
  await branch('trunk', 9, 'taken');
  await writeFile(folder('file'), '');
  await expect(branch('trunk', 9, 'taken')).rejects.toThrow('without a run');
  await expect(branch('trunk', 7, 'new')).rejects.toThrow('step-7');
  await expect(branch('nowhere', 9, 'new')).rejects.toThrow('a run to branch from');
  await expect(branch('trunk', 9, 'file')).rejects.toThrow('a folder that can be written');
  // what a failed attempt left is no obstacle
  await branch('trunk', 9, 'new');
});
