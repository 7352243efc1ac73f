/** A language model whose matrices are stored in float16: all that one promises, whatever its numbers. */
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { describeLanguageModel } from '@yoco-u/conformance';
import type { Backend } from '@yoco-u/spec';
import { test } from 'vitest';
import { createRandomModel, variantKernels } from './random-model.ts';

const kernels = variantKernels.webgpu ?? [];
const openHalf = (): Promise<Backend> => createWebGpuBackend({ kernels, variant: 'f16' });
const problem = await openHalf().then(
  (backend) => backend[Symbol.asyncDispose](),
  (error: Error) => error.message,
);

if (problem?.includes('no f16') === true) {
  test.skip('a language model in float16: this adapter has none; install lavapipe of Mesa 25 (mesa-vulkan-drivers)');
} else {
  describeLanguageModel(
    'YOCO-U, two sequences, on webgpu in float16',
    async () =>
      createRandomModel(await openHalf(), {
        stages: [
          { type: 'self', layers: 1, iterations: 2, attention: 'sliding_window', window: 9, rope: true },
          { type: 'cross', layers: 1, attention: 'full' },
        ],
        sequences: 2,
        // a quarter of the ids end a text: one of them comes soon
        endOfText: Array.from({ length: 64 }, (_, index) => 4 * index),
      }),
    { ending: { prompt: 'Once', maxTokens: 40, sampling: { temperature: 1, seed: 5 } } },
  );
}
