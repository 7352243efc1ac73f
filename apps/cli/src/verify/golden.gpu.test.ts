/** The golden models on WebGPU: outputs, gradients and training steps; and a hundred steps beside WebAssembly. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { directoryFiles, openModelFolder } from '@yoco-u/checkpoint/node';
import { loadParameters } from '@yoco-u/engine';
import { listParameters, parseConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { batchOf, createTrainer } from '@yoco-u/train';
import { builtInAttention, createBackend, type ModelParts } from '@yoco-u/yoco-u';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFailure } from './check-result.ts';
import { runForwardChecks } from './forward-checks.ts';
import { readGolden, readGoldenGradients } from './golden.ts';
import { readGoldenTraining } from './golden-training.ts';
import { runGradientChecks } from './gradient-checks.ts';
import { runTrainingChecks } from './training-checks.ts';

const golden = join(import.meta.dirname, '../../../../fixtures/golden');
const folders = readdirSync(golden);

// one device for all models, which share most shaders
let backend: Backend;
beforeAll(async () => {
  backend = await createBackend({ backend: 'webgpu' });
});
afterAll(() => backend[Symbol.asyncDispose]());

async function loadParts(path: string): Promise<ModelParts> {
  await using folder = await openModelFolder(path);
  const config = parseConfig(folder.config, builtInAttention);
  const parameters = await loadParameters(backend, config, folder, {});
  return {
    config,
    backend,
    parameters,
    async [Symbol.asyncDispose]() {
      for (const buffer of Object.values(parameters)) buffer[Symbol.dispose]();
    },
  };
}

const mostMinutes = 10 * 60_000;

test.each(folders.filter((name) => !name.startsWith('train_')))(
  '%s: the numbers and gradients recorded',
  { timeout: mostMinutes },
  async (name) => {
    const folder = join(golden, name);
    await using parts = await loadParts(folder);
    const subject = { ...parts, golden: await readGolden(directoryFiles(folder)) };
    const forward = await runForwardChecks(subject, 1e-4);
    const backward = await runGradientChecks(
      { ...subject, gradients: (await readGoldenGradients(directoryFiles(folder)))! },
      1e-4,
    );
    expect([forward.length, backward.length]).toEqual([8, 3]);
    expect([...forward, ...backward].filter((result) => !('error' in result) || isFailure(result))).toEqual([]);
  },
);

/** What float32 tensors do not reach on any device, and why: docs/log.md. */
const outOfReach: Readonly<Record<string, string>> = {
  train_yoco_u_gated_retention: 'gradient norms before clipping, within 0.001',
};

test.each(folders.filter((name) => name.startsWith('train_')))(
  '%s: the steps recorded',
  { timeout: mostMinutes },
  async (name) => {
    const folder = join(golden, name);
    await using parts = await loadParts(folder);
    const results = await runTrainingChecks(
      { ...parts, golden: (await readGoldenTraining(directoryFiles(folder)))! },
      1e-4,
    );
    expect(results).toHaveLength(3);
    const failed = results.filter((result) => !('error' in result) || isFailure(result));
    expect(failed.filter(({ item }) => item !== outOfReach[name])).toEqual([]);
  },
);

test('a hundred steps of 0.2 M parameters follow those of WebAssembly', { timeout: mostMinutes }, async () => {
  const config = parseConfig(
    {
      model_type: 'yoco_u',
      vocab_size: 251,
      hidden_size: 64,
      intermediate_size: 160,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 16,
      rope_theta: 10000,
      rms_norm_eps: 1e-6,
      qk_norm: true,
      tie_word_embeddings: true,
      max_position_embeddings: 64,
      bos_token_id: 0,
      eos_token_id: 0,
      stages: [
        { type: 'self', layers: 2, iterations: 2, attention: 'sliding_window', window: 12, rope: true },
        { type: 'cross', layers: 2, attention: 'full' },
      ],
    },
    builtInAttention,
  );
  const shape = {
    config,
    sequences: 2,
    sequenceLength: 24,
    optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 } as const,
    clip: 1,
    evaluateIterations: [],
  };
  // a text of rules: each id follows from the one before, and a few are drawn
  let state = 1;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const row = (): Int32Array => {
    const ids = [draw(251)];
    while (ids.length < 25) ids.push(draw(5) === 0 ? draw(251) : (7 * ids.at(-1)! + 3) % 251);
    return Int32Array.from(ids);
  };
  const batches = Array.from({ length: 100 }, () => batchOf([row(), row()]));
  const weights = listParameters(config).map(({ name, shape: sizes, use }) => {
    const length = sizes.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => (use === 'vector' ? 1 : (draw(2 ** 20) / 2 ** 19 - 1) * 0.1));
    return { name, values };
  });
  expect(weights.reduce((sum, { values }) => sum + values.length, 0)).toBeGreaterThan(150_000);

  const curveOn = async (device: Backend): Promise<number[]> => {
    using trainer = await createTrainer({ ...shape, backend: device });
    for (const { name, values } of weights) trainer.write(name, values);
    const losses: number[] = [];
    for (const [index, batch] of batches.entries()) {
      losses.push(await trainer.accumulate(batch));
      await trainer.update({ update: index + 1, learningRate: 1e-3, runs: 1 });
    }
    return losses;
  };
  await using wasm = await createBackend({ backend: 'wasm', threads: 1 });
  const expected = await curveOn(wasm);
  const losses = await curveOn(backend);
  expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.5);
  const errors = losses.map((loss, index) => Math.abs(loss - expected[index]!));
  expect(Math.max(...errors)).toBeLessThan(1e-3);
});
