/** What a token asks of the device, pinned. */
import { createLanguageModel, type EngineLanguageModel, randomParameters } from '@yoco-u/engine';
import { parseConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { builtInAttention, createBackend } from '@yoco-u/yoco-u';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentTokenizer } from './random-model.ts';
import { countToken } from './token-counts.ts';

const config = parseConfig(
  {
    model_type: 'yoco_u',
    vocab_size: 401,
    hidden_size: 24,
    intermediate_size: 40,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 6,
    rope_theta: 10000,
    rms_norm_eps: 1e-6,
    qk_norm: true,
    tie_word_embeddings: true,
    max_position_embeddings: 64,
    stages: [
      { type: 'self', layers: 1, iterations: 2, attention: 'sliding_window', window: 9, rope: true },
      { type: 'cross', layers: 1, attention: 'full' },
    ],
  },
  builtInAttention,
);
const tokenizer = silentTokenizer(397);

let backend: Backend;
let model: EngineLanguageModel;
beforeAll(async () => {
  backend = await createBackend({ backend: 'webgpu' });
  const parameters = randomParameters(backend, config);
  model = await createLanguageModel({ id: 'random', backend, config, tokenizer, parameters });
});
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

const nothing = { buffers: 0, bindGroups: 0, pipelines: 0 };

describe('a token', () => {
  test.each([
    ['greedy', { temperature: 0 }, 8],
    ['cut to 40', { topK: 40, topP: 0.9, temperature: 0.7, seed: 1 }, 8 * 40],
    ['cut to 64', { topK: 64, seed: 1 }, 8 * 64],
  ])('%s is one submission, reads back its candidates and creates nothing', async (_name, sampling, bytes) => {
    expect(await countToken({ backend, model }, sampling)).toMatchObject({
      submissions: 1,
      readBackBytes: bytes,
      bestAlone: true,
      created: nothing,
    });
  });

  test('of a chain that needs all logits says so', async () => {
    expect(await countToken({ backend, model }, { temperature: 0, repetitionPenalty: 1.1 })).toMatchObject({
      submissions: 1,
      readBackBytes: 4 * 401,
      bestAlone: false,
      created: nothing,
    });
  });

  test('takes two dispatches for the choice, and three for all else that is no layer', async () => {
    const greedy = await countToken({ backend, model });
    const all = await countToken({ backend, model }, { minP: 0.1, seed: 1 });
    expect(greedy).toMatchObject({ layerApplications: 3, restDispatches: 5 });
    expect(greedy!.dispatches - all!.dispatches).toBe(2);
  });
});

test('two hundred generations leave the bytes where they were', async () => {
  const request = { prompt: [1, 2, 3], maxTokens: 2, ignoreEos: true } as const;
  const generate = async (turn: number): Promise<void> => {
    const sampling = [{ temperature: 0 }, { topK: 9, seed: turn }, { seed: turn }][turn % 3]!;
    for await (const _ of model.generate({ ...request, sampling }));
  };
  for (let turn = 0; turn < 3; turn++) await generate(turn);
  const before = backend.memory();
  const { buffers, bindGroups, pipelines } = backend.counts!();
  for (let turn = 0; turn < 200; turn++) await generate(turn);
  expect(backend.memory()).toEqual(before);
  expect(backend.counts!()).toMatchObject({ buffers, bindGroups, pipelines });
});
