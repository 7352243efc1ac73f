import { parseConfig } from '@yoco-u/model';
import { builtInAttention } from '@yoco-u/yoco-u';
import { expect, test } from 'vitest';
import { bytesOfToken } from './token-counts.ts';

const sizes = {
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
};

const stories = {
  ...sizes,
  model_type: 'transformer',
  vocab_size: 32000,
  hidden_size: 288,
  intermediate_size: 768,
  num_attention_heads: 6,
  num_key_value_heads: 6,
  head_dim: 48,
  stages: [{ type: 'self', layers: 6, attention: 'full', rope: true }],
};

const grouped = {
  ...stories,
  hidden_size: 512,
  num_key_value_heads: 2,
  head_dim: 64,
  num_attention_heads: 8,
  vocab_size: 8192,
};

const looped = {
  ...grouped,
  model_type: 'yoco_u',
  qk_norm: true,
  stages: [
    { type: 'self', layers: 3, iterations: 4, attention: 'sliding_window', window: 256, rope: true },
    { type: 'cross', layers: 3, attention: 'full' },
  ],
};

test.each([
  ['a Transformer of 15 M parameters', stories],
  ['grouped queries', grouped],
  ['YOCO-U', looped],
])('%s moves at most 1.1 times what a token must read', (_name, json) => {
  const config = parseConfig(json, builtInAttention);
  for (const tokens of [64, 320, 2048]) {
    const { moved, needed } = bytesOfToken(config, tokens);
    expect(moved / needed).toBeGreaterThan(1);
    expect(moved / needed).toBeLessThan(1.1);
  }
});
