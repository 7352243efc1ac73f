import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { scoreText } from '@yoco-u/engine';
import { countParameters } from '@yoco-u/model';
import { mergeRequests, planRun } from '@yoco-u/train';
import { runTraining } from '@yoco-u/train/node';
import { builtInAttention, createBackend } from '@yoco-u/yoco-u';
import { loadModelFolder } from '@yoco-u/yoco-u/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTales } from '../src/testing.ts';
import { exportRun } from './export-run.ts';
import { settings } from './settings.ts';

/** The recipe's run, made small, and not at its end. */
const small = mergeRequests(settings, {
  sequenceLength: 19,
  batch: 3,
  vocabularySize: 280,
  depth: 3,
  model: { hidden_size: 24, intermediate_size: 40, head_dim: 6 },
  steps: 9,
  schedule: { warmup: 2 },
  validation: { every: 4, rows: 3 },
  checkpoints: { every: 4 },
});

let root: string;
const at = (name: string): string => join(root, name);
const { signal } = new AbortController();
const heldOut = makeTales(3, 77);
const printed: string[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'yoco-u-stories-'));
  await writeFile(at('tales.txt'), makeTales(40));
  await writeFile(at('held-out.txt'), heldOut);
  await writeFile(at('about.md'), 'Tales from a *seed*.\n');
  await writeFile(
    at('other.json'),
    JSON.stringify({ model: 'an older one', window: 18, scores: [{ iterations: 2, bitsPerByte: 1.25 }] }),
  );
  await train(at('run'), 8);
  await exportRun({
    run: at('run'),
    to: at('model'),
    validationData: [at('held-out.txt')],
    about: at('about.md'),
    beside: at('other.json'),
    threads: 1,
    signal,
    print: (line) => printed.push(line),
  });
});
afterAll(() => rm(root, { recursive: true }));

async function train(folder: string, stopAt: number): Promise<void> {
  await using backend = await createBackend({ threads: 1 });
  const request = { ...small, data: [at('tales.txt')] };
  for await (const _ of runTraining({ folder, request, backend, registry: builtInAttention, stopAt, signal }));
}

test('the folder holds a model in bfloat16 that is the one of the run, rounded', async () => {
  expect((await readdir(at('model'))).sort()).toEqual([
    'README.md',
    'config.json',
    'curve.svg',
    'model.safetensors',
    'tokenizer.json',
  ]);
  await using exported = await openModelFolder(at('model'));
  await using trained = await openModelFolder(at('run'));
  expect(exported.config).toEqual(trained.config);
  expect(exported.tokenizerJson).toBe(trained.tokenizerJson);
  expect([...exported.tensors.keys()].sort()).toEqual([...trained.tensors.keys()].sort());
  for (const [name, tensor] of exported.tensors) {
    expect(tensor.dtype).toBe('BF16');
    const [values, exact] = await Promise.all([tensor.readFloat32(), trained.tensors.get(name)!.readFloat32()]);
    for (const [index, value] of values.entries()) {
      expect(Math.abs(value - exact[index]!)).toBeLessThanOrEqual(Math.abs(exact[index]!) / 256);
    }
  }
  const sizes = await Promise.all(
    [at('run'), at('model')].map(async (name) => (await stat(join(name, 'model.safetensors'))).size),
  );
  expect(sizes[1]!).toBeLessThan(sizes[0]! * 0.6);
});

test('the card tells what was measured on it at every depth, beside what another model reached', async () => {
  const card = await readFile(at('model/README.md'), 'utf8');
  await using loaded = await loadModelFolder(at('model'), { threads: 1 });
  for (const iterations of [1, 2, 3, 4]) {
    const { bitsPerByte } = await scoreText(loaded.model, heldOut, { documents: true, window: 18, iterations });
    const figure = bitsPerByte.toFixed(4);
    expect(card).toMatch(
      new RegExp(`\\| ${iterations} \\| [\\d.]+ k \\| ${figure} \\| ${iterations === 2 ? '1.2500' : ''} \\|`),
    );
    expect(printed).toContain(`T = ${iterations}: ${figure} bits per byte`);
  }
  expect(card).toContain('an older one');
  expect(card).toContain('Tales from a *seed*.');
  expect(card).toContain('8 of 9 planned steps of 3 x 19 tokens, 1 to 4 iterations drawn for each: muon');
  expect(card).toContain('456 tokens in ');
  expect(card).toContain('> **Once upon a time**');
  expect(card).not.toMatch(/undefined|NaN/);
});

test('the curve has a line for every depth', async () => {
  const curve = await readFile(at('model/curve.svg'), 'utf8');
  expect(curve.match(/<polyline/g)).toHaveLength(4);
  // after 4 and 8 steps
  expect(curve.match(/<circle/g)).toHaveLength(4 * 2);
  for (const count of [1, 2, 3, 4]) expect(curve).toContain(`T = ${count}`);
  expect(curve).not.toMatch(/undefined|NaN/);
});

test('a folder without a run, and scores of another window, are refused before anything is written', async () => {
  const options = { validationData: [at('held-out.txt')], to: at('none'), threads: 1, signal, print: () => undefined };
  await expect(exportRun({ ...options, run: at('model') })).rejects.toThrow('the folder of a run');
  await writeFile(at('wide.json'), JSON.stringify({ model: 'x', window: 255, scores: [] }));
  await expect(exportRun({ ...options, run: at('run'), beside: at('wide.json') })).rejects.toThrow('"window": 18');
  await expect(exportRun({ ...options, run: at('run'), validationData: [at('no.txt')] })).rejects.toThrow('no.txt');
  expect(await readdir(root)).not.toContain('none');
});

test('the recipe asks for a model of 1.5 to 5 M parameters that serves one to four iterations', () => {
  const text = { vocabularySize: 2048, bosTokenId: 2047, eosTokenId: 2047, tokens: 8_800_000 };
  const { config, model } = planRun(settings, 256, text, builtInAttention);
  expect(config.iterations).toEqual({ from: 1, to: 4 });
  expect(config.validation.iterations).toEqual([1, 2, 3, 4]);
  expect(model.stages.map(({ type, layers }) => [type, layers.length])).toEqual([
    ['self', 3],
    ['cross', 3],
  ]);
  expect(model.source.train_iterations).toEqual({ from: 1, to: 4 });
  expect(countParameters(model)).toBeGreaterThan(1.5e6);
  expect(countParameters(model)).toBeLessThan(5e6);
  expect(config.optimizer.kind).toBe('muon');
  expect(config.learningRate).toBeCloseTo(0.007155, 6);
});
