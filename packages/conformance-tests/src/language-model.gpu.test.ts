import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { describeLanguageModel } from '@yoco-u/conformance';
import { createRandomModel, variantKernels } from './random-model.ts';

// a quarter of the ids end a text: one of them comes soon
const endOfText = Array.from({ length: 64 }, (_, index) => 4 * index);

describeLanguageModel(
  'YOCO-U, two sequences, on webgpu',
  async () =>
    createRandomModel(await createWebGpuBackend({ kernels: variantKernels.webgpu ?? [] }), {
      stages: [
        { type: 'self', layers: 1, iterations: 2, attention: 'sliding_window', window: 9, rope: true },
        { type: 'cross', layers: 1, attention: 'full' },
      ],
      sequences: 2,
      endOfText,
    }),
  { ending: { prompt: 'Once', maxTokens: 40, sampling: { temperature: 1, seed: 5 } } },
);
