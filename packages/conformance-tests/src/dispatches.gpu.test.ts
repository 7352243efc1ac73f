/** How many dispatches a decoded token is on WebGPU, of every system: no GPU is timed here, so this is what must not grow. */
import { readFileSync } from 'node:fs';
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { parseConfig, recordForward } from '@yoco-u/model';
import type { Backend, WebGpuDevice } from '@yoco-u/spec';
import { afterAll, describe, expect, test } from 'vitest';
import { registry, variantKernels } from './random-model.ts';

const root = new URL('../../../', import.meta.url);
const models: readonly (readonly [path: string, dispatches: number])[] = [
  ['apps/cli/model', 100],
  ['fixtures/golden/transformer', 26],
  ['fixtures/golden/universal_transformer', 37],
  ['fixtures/golden/rins', 69],
  ['fixtures/golden/yoco', 37],
  ['fixtures/golden/yoco_2024', 35],
  ['fixtures/golden/yoco_u', 69],
  ['fixtures/golden/yoco_u_gated_retention', 53],
  ['fixtures/golden/yoco_u_hybrid', 46],
  ['fixtures/golden/yoco_u_two_cross', 62],
];

/** Dispatches of the program that the engine decodes one sequence with, the best logits picked. */
async function dispatchesOf(backend: Backend, path: string): Promise<{ applications: number; dispatches: number }> {
  const config = parseConfig(JSON.parse(readFileSync(new URL(`${path}/config.json`, root), 'utf8')), registry);
  const pageLength = 64;
  const { contextLength, vocabularySize } = config;
  const program = recordForward(config, {
    maxRows: 1,
    maxSegments: 1,
    outputs: 'all',
    head: 'logits',
    best: { k: 40, among: vocabularySize },
    memory: { contextLength, pageLength, slots: 1, pages: Math.ceil(contextLength / pageLength) },
    matrixFormat: backend.matrixFormat,
  });
  using executable = await backend.compile(program);
  const values = { rows: 1, segment_count: 1, longest: contextLength, best_count: 1 };
  const applications = config.stages.reduce((sum, { layers, iterations }) => sum + layers.length * iterations, 0);
  return { applications, dispatches: executable.dispatches(values) };
}

describe.each(['registers', 'workgroup'] as const)('a decoded token, tiles in %s', (tiles: WebGpuDevice['tiles']) => {
  const created = createWebGpuBackend({ kernels: variantKernels.webgpu ?? [], variant: tiles });
  afterAll(async () => (await created)[Symbol.asyncDispose]());

  test.each(models)('%s', async (path, pinned) => {
    const { applications, dispatches } = await dispatchesOf(await created, path);
    expect(dispatches).toBeLessThanOrEqual(8 * applications + 6);
    expect(dispatches).toBe(pinned);
  });
});
