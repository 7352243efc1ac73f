/** Golden models in Chromium: outputs, gradients and training steps, on WebAssembly and on WebGPU. */
import { httpFiles, openModelFolder } from '@yoco-u/checkpoint';
import { loadParameters } from '@yoco-u/engine';
import { parseConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { builtInAttention, createBackend, type ModelParts } from '@yoco-u/yoco-u';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckResult, isFailure } from './check-result.ts';
import { chunkedPrefill, fullForward, tokenByToken } from './forward-checks.ts';
import { readGolden, readGoldenGradients } from './golden.ts';
import { readGoldenTraining } from './golden-training.ts';
import { runGradientChecks } from './gradient-checks.ts';
import { tensorError } from './tensor-error.ts';
import { runTrainingChecks } from './training-checks.ts';

/** Vite looks at this expression: it allows no name in it, and takes the slash from its end. */
const root = new URL('../../../../fixtures/golden/', import.meta.url);
const filesOf = (name: string) => httpFiles(new URL(`${root.href.replace(/\/$/, '')}/${name}/`));

function expectPassed(results: readonly CheckResult[]): void {
  expect(results).toHaveLength(3);
  expect(results.filter((result) => !('error' in result) || isFailure(result))).toEqual([]);
}

describe.each(['wasm', 'webgpu'] as const)('on %s', (name) => {
  // one device for all models, which share most shaders
  let backend: Backend;
  beforeAll(async () => {
    backend = await createBackend({ backend: name });
  });
  afterAll(() => backend[Symbol.asyncDispose]());

  async function loadParts(model: string): Promise<ModelParts> {
    await using folder = await openModelFolder(filesOf(model));
    const config = parseConfig(folder.config, builtInAttention);
    const parameters = await loadParameters(backend, config, folder);
    return {
      config,
      backend,
      parameters,
      async [Symbol.asyncDispose]() {
        for (const buffer of Object.values(parameters)) buffer[Symbol.dispose]();
      },
    };
  }

  test.each(['transformer', 'yoco_u', 'yoco_u_gated_retention'])('%s: the logits recorded', async (model) => {
    await using parts = await loadParts(model);
    const golden = await readGolden(filesOf(model));
    const subject = { ...parts, golden };
    for (const way of [fullForward, chunkedPrefill, tokenByToken]) {
      expect(tensorError(await way(subject), golden.logits, golden.largest), way.name).toBeLessThan(1e-4);
    }
  });

  test.each(['yoco_u', 'yoco_u_gated_retention'])('%s: the gradients recorded', async (model) => {
    await using parts = await loadParts(model);
    const golden = await readGolden(filesOf(model));
    const gradients = (await readGoldenGradients(filesOf(model)))!;
    expectPassed(await runGradientChecks({ ...parts, golden, gradients }, 1e-4));
  });

  test('train_yoco_u: the steps recorded', async () => {
    await using parts = await loadParts('train_yoco_u');
    const golden = (await readGoldenTraining(filesOf('train_yoco_u')))!;
    expectPassed(await runTrainingChecks({ ...parts, golden }, 1e-4));
  });
});
