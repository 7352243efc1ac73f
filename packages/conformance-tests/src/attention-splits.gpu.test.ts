/** Few rows take their keys in splits that are merged, in several forms: the bits of many rows, over more than one split. */
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { createModelMemory, createRunner, memoryShape, randomParameters } from '@yoco-u/engine';
import { parseConfig } from '@yoco-u/model';
import { expect, test } from 'vitest';
import { hasSubgroups } from './backends.ts';
import { registry, variantKernels } from './random-model.ts';

/** Three splits of 64 positions, and a window that begins within one. */
const config = parseConfig(
  {
    model_type: 'yoco',
    vocab_size: 29,
    hidden_size: 16,
    intermediate_size: 24,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    max_position_embeddings: 144,
    stages: [
      { type: 'self', layers: 1, attention: 'sliding_window', window: 90, rope: true },
      { type: 'cross', layers: 1, attention: 'full' },
    ],
  },
  registry,
);
const tokens = Array.from({ length: 139 }, (_, index) => (index * index) % 29);

const variants = ['registers', (await hasSubgroups()) ? 'subgroups' : 'workgroup'];

test.each(variants)('a token sees 138 before it as it does in one piece: %s', async (variant) => {
  await using backend = await createWebGpuBackend({ kernels: variantKernels.webgpu ?? [], variant });
  const parameters = randomParameters(backend, config);
  using memory = createModelMemory(backend, config, memoryShape(1, config.contextLength));
  const lastLogits = async (given: readonly number[], start: number): Promise<Float32Array> => {
    const maxRows = given.length;
    const options = { maxRows, maxSegments: 1, outputs: 1, head: 'logits', memory, parameters } as const;
    using runner = await createRunner(backend, config, options);
    runner.run([{ tokens: given, start, slot: 0 }], [maxRows - 1]);
    const logits = new Float32Array(config.vocabularySize);
    await runner.read(logits);
    return logits;
  };
  const whole = await lastLogits(tokens, 0);
  await lastLogits(tokens.slice(0, 133), 0);
  await lastLogits(tokens.slice(133, -1), 133);
  expect(await lastLogits(tokens.slice(-1), 138)).toEqual(whole);
  for (const parameter of Object.values(parameters)) parameter[Symbol.dispose]();
});
