/** A small model for tests, with a cache that grows. */
import { parseConfig } from '@yoco-u/model';
import type { AttentionVariant } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';

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

/** One layer of it: 11 ids, a context of 150 tokens. */
export const keepingConfig = parseConfig(
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
