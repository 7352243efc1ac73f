import { parseConfig } from '@yoco-u/model';
import { type AttentionVariant, ShapeError } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { createModelMemory, memoryShape } from './memory.ts';

/** Keeps one number a token, and attends to nothing. */
const keeping: AttentionVariant = {
  specVersion: 1,
  name: 'keeping',
  stage: 'self',
  kernels: [],
  stageKeys: [],
  parse: () => undefined,
  parameters: () => [],
  state: (_, { pageLength }) => [
    { name: 'pages', kind: 'append', entry: tensorType(f32, pageLength), bytesInUse: (tokens) => 4 * tokens },
  ],
  apply: (_graph, _config, input) => input,
  cost: () => ({ layer: 0, stage: 0 }),
};
const config = parseConfig(
  {
    model_type: 'transformer',
    vocab_size: 11,
    hidden_size: 6,
    intermediate_size: 5,
    num_attention_heads: 3,
    num_key_value_heads: 1,
    head_dim: 4,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
    max_position_embeddings: 150,
    stages: [{ type: 'self', layers: 1, attention: 'keeping' }],
  },
  [keeping],
);

test('every slot owns pages for its whole context', async () => {
  await using backend = createReferenceBackend();
  using memory = createModelMemory(backend, config, memoryShape(3, 150, 2));
  const table = new Int32Array(9);
  await backend.download(memory.buffers.page_table!, table);
  expect([...table]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test.each([
  ['no slots', { slots: 0 }, 'createModelMemory: slots: expected an integer > 0, got 0'],
  ['half a token', { contextLength: 149.5 }, 'contextLength: expected an integer > 0, got 149.5'],
  ['a page length that blocks do not fill', { pageLength: 60 }, 'pageLength: expected a multiple of 8, got 60'],
  ['too few pages', { pages: 5 }, 'createModelMemory: pages: expected at least 6: those of 2 slot(s), got 5'],
])('%s: refused before anything is taken', async (_name, changes, message) => {
  await using backend = createReferenceBackend();
  const create = () => createModelMemory(backend, config, { ...memoryShape(2, 150), ...changes });
  expect(create).toThrow(ShapeError);
  expect(create).toThrow(message);
  expect(backend.memory().bufferBytes).toBe(0);
});
