/** Configs for tests. */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { softmaxAttention } from '@yoco-u/attention-softmax';

export const registry = [...softmaxAttention, gatedRetention];

export const yocoU = {
  model_type: 'yoco_u',
  vocab_size: 97,
  hidden_size: 32,
  intermediate_size: 56,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  qk_norm: true,
  tie_word_embeddings: true,
  max_position_embeddings: 256,
  stages: [
    { type: 'self', layers: 2, iterations: 3, attention: 'sliding_window', window: 6, rope: true },
    { type: 'cross', layers: 2, iterations: 1, attention: 'full', rope: false },
  ],
} as const;
