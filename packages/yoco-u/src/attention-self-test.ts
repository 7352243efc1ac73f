/** Whether a backend computes what attention, and all that a model is made of, should: a tiny model beside the reference. */
import { createModelMemory, createRunner, memoryShape, randomParameters } from '@yoco-u/engine';
import { type ModelConfig, parseConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { builtInAttention } from './attention.ts';

/** Odd sizes; two layers, so that caches of both stages are read. */
const tinyModel = {
  model_type: 'yoco',
  vocab_size: 37,
  hidden_size: 24,
  intermediate_size: 44,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 12,
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  max_position_embeddings: 16,
  stages: [
    { type: 'self', layers: 1, attention: 'full', rope: true },
    { type: 'cross', layers: 1, attention: 'full' },
  ],
};
const prompt = [3, 36, 0, 17, 17, 9, 21, 30, 1, 2, 5];
/** Errors add up on the way through the layers. */
const layers = 4;

/** For `createWebGpuBackend`: a prompt and one more token, logits compared. */
export async function testTinyModel(backend: Backend, tolerance: number): Promise<true | string> {
  const config = parseConfig(tinyModel, builtInAttention);
  await using reference = createReferenceBackend({ kernels: builtInAttention.flatMap(({ kernels }) => kernels) });
  const expected = await logitsOn(reference, config);
  const got = await logitsOn(backend, config);
  const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const error = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - got[index]!)), 0) / size;
  // NaN, too
  return error <= layers * tolerance || `logits of a tiny model are off by ${error.toPrecision(2)}`;
}

async function logitsOn(backend: Backend, config: ModelConfig): Promise<Float32Array> {
  const owned: Disposable[] = [];
  try {
    const parameters = randomParameters(backend, config);
    owned.push(...Object.values(parameters));
    const memory = createModelMemory(backend, config, memoryShape(1, config.contextLength));
    owned.push(memory);
    const logits = new Float32Array(2 * config.vocabularySize);
    const run = async (tokens: readonly number[], start: number, into: Float32Array): Promise<void> => {
      const maxRows = tokens.length;
      const given = { maxRows, maxSegments: 1, outputs: 1, head: 'logits', memory, parameters } as const;
      using runner = await createRunner(backend, config, given);
      runner.run([{ tokens, start, slot: 0 }], [maxRows - 1]);
      await runner.read(into);
    };
    await run(prompt, 0, logits.subarray(0, config.vocabularySize));
    // the kernels of a single row are others
    await run([7], prompt.length, logits.subarray(config.vocabularySize));
    return logits;
  } finally {
    for (const one of owned.reverse()) one[Symbol.dispose]();
  }
}
