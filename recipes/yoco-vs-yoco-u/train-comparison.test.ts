import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StepEvent } from '@yoco-u/train';
import { createMetricsFile } from '@yoco-u/train/node';
import { createBackend } from '@yoco-u/yoco-u';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTales } from '../src/testing.ts';
import { costOf, stepTokens } from './costs.ts';
import { listSegments } from './segments.ts';
import type { ComparisonSettings } from './settings.ts';
import { type BranchResult, type ComparisonOptions, trainComparison } from './train-comparison.ts';

const settings: ComparisonSettings = {
  request: {
    vocabularySize: 280,
    depth: 2,
    model: { hidden_size: 24, head_dim: 12, num_attention_heads: 2, num_key_value_heads: 1 },
    sequenceLength: 19,
    batch: 3,
    validation: { rows: 5 },
    samples: { every: 0 },
    checkpoints: { every: 3, keep: 1 },
  },
  iterations: [1, 2],
  seeds: [0, 1],
  budgets: [5, 10],
  warmup: 2,
  decay: 0.4,
};

let root: string;
let data: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'yoco-u-recipe-'));
  data = join(root, 'tales.txt');
  await writeFile(data, makeTales(40));
});
afterAll(() => rm(root, { recursive: true }));

async function compare(name: string, changes: Partial<ComparisonOptions> = {}): Promise<readonly BranchResult[]> {
  await using backend = await createBackend({ threads: 1 });
  const { signal } = new AbortController();
  const options = { settings, data: [data], validationData: undefined, out: join(root, name), backend, signal };
  const results: BranchResult[] = [];
  for await (const result of trainComparison({ ...options, ...changes })) results.push(result);
  return results;
}

const metricsOf = (name: string, folder: string) => createMetricsFile(join(root, name, folder, 'metrics.jsonl')).read();

test('every branch ends a schedule of its own, from weights and data that its trunk and the other system share', async () => {
  const results = await compare('whole');
  expect(results.map(({ iterations, seed, steps }) => [steps, seed, iterations])).toEqual([
    [5, 0, 1],
    [5, 0, 2],
    [5, 1, 1],
    [5, 1, 2],
    [10, 0, 1],
    [10, 0, 2],
    [10, 1, 1],
    [10, 1, 2],
  ]);
  for (const { loss, bitsPerByte } of results) {
    expect(loss).toBeGreaterThan(2);
    expect(loss).toBeLessThan(6);
    expect(bitsPerByte).toBeGreaterThan(0);
  }
  const stepsOf = async (folder: string) =>
    (await metricsOf('whole', folder)).filter((line): line is StepEvent => line.type === 'step');
  const trunk = await stepsOf('runs/t2-seed1-trunk');
  const branch = await stepsOf('runs/t2-seed1-10');
  expect(trunk.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(branch.slice(0, 6)).toEqual(trunk);
  expect(branch.map(({ iterations }) => iterations)).toEqual(Array(10).fill(2));
  const highest = trunk.at(-1)!.learningRate;
  expect(trunk.slice(2).map(({ learningRate }) => learningRate)).toEqual(Array(4).fill(highest));
  expect(branch.slice(6).map(({ learningRate }) => learningRate / highest)).toEqual([1, 0.75, 0.5, 0.25]);
  const tokenizers = await Promise.all(
    ['t1-seed0-trunk', 't2-seed1-10'].map((name) => readFile(join(root, 'whole/runs', name, 'tokenizer.json'), 'utf8')),
  );
  expect(tokenizers[0]).toBe(tokenizers[1]);
});

test('a comparison that is interrupted again and again ends with the same results', async () => {
  const reason = new Error('interrupted');
  let results: readonly BranchResult[] | undefined;
  let interruptions = 0;
  while (results === undefined) {
    const controller = new AbortController();
    let steps = 0;
    // each time two steps further: in trunks, in branches, and at their ends
    const onStep = (): void => {
      steps++;
      if (steps === 7) controller.abort(reason);
    };
    results = await compare('parts', { signal: controller.signal, onStep }).catch((error: unknown) => {
      expect(error).toBe(reason);
      interruptions++;
      return undefined;
    });
  }
  expect(interruptions).toBeGreaterThan(3);
  expect(results).toEqual(await compare('whole'));
}, 180_000);

test('costs are known before anything is run', () => {
  const [once, twice] = settings.iterations.map((count) => costOf(settings, count));
  expect(once!.parameters).toBe(twice!.parameters);
  expect(twice!.flopsPerToken).toBeGreaterThan(once!.flopsPerToken);
  expect(twice!.bytes).toBeGreaterThan(once!.bytes);
  expect(stepTokens(settings)).toBe(57);
  const steps = listSegments(settings).reduce((sum, { from, to }) => sum + to - from, 0);
  // two seeds of two systems: a trunk of 6 steps, and what the branches add to it
  expect(steps).toBe(4 * (6 + 2 + 4));
});
