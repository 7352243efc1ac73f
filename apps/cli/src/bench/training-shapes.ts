/** Shapes of training runs that speed is quoted for: one that a peer was measured with, and one twice as wide. */

export interface TrainingBenchShape {
  /** config.json */
  readonly model: Readonly<Record<string, unknown>>;
  readonly sequences: number;
  readonly sequenceLength: number;
  /** What others reach on the same shape, for people. */
  readonly peer?: string;
}

const common = {
  model_type: 'yoco_u',
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  qk_norm: true,
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
} as const;

const stages = (layers: number, window: number): readonly object[] => [
  { type: 'self', layers, iterations: 3, attention: 'sliding_window', window, rope: true },
  { type: 'cross', layers, attention: 'full' },
];

export const trainingShapes: Readonly<Record<string, TrainingBenchShape>> = {
  '1m': {
    model: {
      ...common,
      vocab_size: 2048,
      hidden_size: 128,
      intermediate_size: 344,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 32,
      stages: stages(3, 64),
    },
    sequences: 12,
    sequenceLength: 256,
    peer: 'PyTorch 1.13, OpenBLAS, AVX2, two cores of an EPYC (Zen 3): 1,180 tokens/s',
  },
  '8m': {
    model: {
      ...common,
      vocab_size: 4096,
      hidden_size: 256,
      intermediate_size: 704,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 64,
      stages: stages(4, 128),
    },
    sequences: 8,
    sequenceLength: 256,
  },
};
