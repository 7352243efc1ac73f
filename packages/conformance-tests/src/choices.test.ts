/** Which requests are served by the best logits alone. */
import { createWasmBackend } from '@yoco-u/backend-wasm';
import type { GenerateRequest } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { createRandomModel, variantKernels } from './random-model.ts';

const stages = [{ type: 'self', layers: 1, attention: 'full', rope: true }];

test.each<[string, Omit<GenerateRequest, 'prompt'>, 'fromBest' | 'fromLogits']>([
  ['greedy', { sampling: { temperature: 0 } }, 'fromBest'],
  ['top-k of 64 and more behind it', { sampling: { topK: 64, topP: 0.9, minP: 0.01, temperature: 0.7 } }, 'fromBest'],
  ['top-k of 65', { sampling: { topK: 65 } }, 'fromLogits'],
  ['no cut', { sampling: { topP: 0.5 } }, 'fromLogits'],
  ['a penalty', { sampling: { temperature: 0, presencePenalty: 0.1 } }, 'fromLogits'],
  ['a bias', { sampling: { topK: 5, logitBias: { 7: 1 } } }, 'fromLogits'],
  ['log-probabilities', { sampling: { temperature: 0 }, logProbabilities: 2 }, 'fromLogits'],
])('%s', async (_name, request, expected) => {
  const backend = await createWasmBackend({ kernels: variantKernels.wasm ?? [], threads: 1 });
  await using model = await createRandomModel(backend, { stages, sequences: 1 });
  for await (const _ of model.generate({ prompt: 'Once', maxTokens: 6, ignoreEos: true, ...request }));
  expect(model.stats().choices).toEqual({ fromBest: 0, fromLogits: 0, [expected]: 6 });
});
