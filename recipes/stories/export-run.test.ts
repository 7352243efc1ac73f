import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { scoreText } from '@yoco-u/engine';
import { countParameters } from '@yoco-u/model';
import { mergeRequests, planRun } from '@yoco-u/train';
import { createMetricsFile } from '@yoco-u/train/node';
import { builtInAttention, createBackend } from '@yoco-u/yoco-u';
import { loadModelFolder } from '@yoco-u/yoco-u/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTales } from '../src/testing.ts';
import { exportRun } from './export-run.ts';
import { phases as storiesPhases } from './settings.ts';
import { phaseFolder, trainPhases } from './train-phases.ts';

/** The recipe's runs, made small. */
const [first, second] = storiesPhases;
const shared = { sequenceLength: 19, batch: 3, validation: { every: 4, rows: 3 }, checkpoints: { every: 4 } };
const phases = [
  mergeRequests(first!, {
    ...shared,
    vocabularySize: 280,
    depth: 3,
    model: { hidden_size: 24, intermediate_size: 40, head_dim: 6 },
    steps: 8,
    schedule: { warmup: 2 },
  }),
  mergeRequests(second!, { ...shared, steps: 7, schedule: { warmup: 1 } }),
];

let root: string;
let runs: readonly string[];
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
  runs = await train(at('whole'));
  await exportRun({
    runs,
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

async function train(out: string, signal = new AbortController().signal, onEvent = (): void => undefined) {
  await using backend = await createBackend({ threads: 1 });
  const data = [at('tales.txt')];
  return await trainPhases({ phases, data, validationData: undefined, out, backend, signal, onEvent });
}

test('the second run begins with the weights of the first, and an interruption changes nothing', async () => {
  const out = at('parts');
  let interruptions = 0;
  for (let done = false; !done; ) {
    const controller = new AbortController();
    let events = 0;
    const onEvent = (): void => {
      events++;
      if (events === 9) controller.abort(new Error('interrupted'));
    };
    done = await train(out, controller.signal, onEvent).then(
      () => true,
      () => false,
    );
    if (!done) interruptions++;
  }
  expect(interruptions).toBeGreaterThan(1);
  for (const [phase, steps] of [8, 7].entries()) {
    const [parts, whole] = [out, at('whole')].map((folder) => phaseFolder(folder, phase));
    const weights = (run: string) => readFile(join(run, 'model.safetensors'));
    expect(await weights(parts!)).toEqual(await weights(whole!));
    const lines = await createMetricsFile(join(parts!, 'metrics.jsonl')).read();
    expect(lines.filter(({ type }) => type === 'step')).toHaveLength(steps);
  }
}, 180_000);

test('the folder holds a model in bfloat16 that is the one of the run, rounded', async () => {
  expect((await readdir(at('model'))).sort()).toEqual([
    'README.md',
    'config.json',
    'curve.svg',
    'model.safetensors',
    'tokenizer.json',
  ]);
  await using exported = await openModelFolder(at('model'));
  await using trained = await openModelFolder(runs[1]!);
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
    [runs[1]!, at('model')].map(async (name) => (await stat(join(name, 'model.safetensors'))).size),
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
  expect(card).toContain('- 8 steps of 3 x 19 tokens, 1 to 4 iterations drawn for each: adamw');
  expect(card).toContain('- 7 steps of 3 x 19 tokens, 1 to 4 iterations drawn for each: muon');
  expect(card).toContain('> **Once upon a time**');
  expect(card).not.toMatch(/undefined|NaN/);
});

test('the curve has a line for every depth', async () => {
  const curve = await readFile(at('model/curve.svg'), 'utf8');
  expect(curve.match(/<polyline/g)).toHaveLength(4);
  // after 4 and 8 steps, and 4 and 7 more
  expect(curve.match(/<circle/g)).toHaveLength(4 * 4);
  for (const count of [1, 2, 3, 4]) expect(curve).toContain(`T = ${count}`);
  expect(curve).not.toMatch(/undefined|NaN/);
});

test('a folder without a run, and scores of another window, are refused before anything is written', async () => {
  const options = { validationData: [at('held-out.txt')], to: at('none'), threads: 1, signal, print: () => undefined };
  await expect(exportRun({ ...options, runs: [at('model')] })).rejects.toThrow('the folder of a run');
  await writeFile(at('wide.json'), JSON.stringify({ model: 'x', window: 255, scores: [] }));
  await expect(exportRun({ ...options, runs, beside: at('wide.json') })).rejects.toThrow('"window": 18');
  await expect(exportRun({ ...options, runs, validationData: [at('no.txt')] })).rejects.toThrow('no.txt');
  expect(await readdir(root)).not.toContain('none');
});

test('the recipe asks for a model of 1.5 to 5 M parameters that serves one to four iterations', () => {
  const text = { vocabularySize: 2048, bosTokenId: 2047, eosTokenId: 2047, tokens: 8_800_000 };
  const { config, model } = planRun(first!, 256, text, builtInAttention);
  expect(config.iterations).toEqual({ from: 1, to: 4 });
  expect(config.validation.iterations).toEqual([1, 2, 3, 4]);
  expect(model.stages.map(({ type, layers }) => [type, layers.length])).toEqual([
    ['self', 3],
    ['cross', 3],
  ]);
  expect(model.source.train_iterations).toEqual({ from: 1, to: 4 });
  expect(countParameters(model)).toBeGreaterThan(1.5e6);
  expect(countParameters(model)).toBeLessThan(5e6);
  for (const { learningRate } of storiesPhases) expect(learningRate).toBeCloseTo(0.003578, 6);
});
