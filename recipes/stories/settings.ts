/** The runs that make the bundled model, data and folders left out: the one place to change them. */
import type { RunRequest } from '@yoco-u/train';

/** The trainer's default for AdamW at this width; Muon's is twice as high. */
const learningRate = 0.004 * Math.sqrt(128 / 160);
const validation = { every: 500, rows: 64 } as const;
// the card has samples of the finished model
const samples = { every: 0 } as const;

/** One after the other: each begins with the weights, sizes and tokenizer of the one before it. */
export const phases: readonly RunRequest[] = [
  {
    vocabularySize: 2048,
    depth: 6,
    model: { hidden_size: 160, intermediate_size: 432, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 40 },
    iterations: { from: 1, to: 4 },
    sequenceLength: 256,
    batch: 8,
    steps: 1832,
    learningRate,
    schedule: { kind: 'constant', warmup: 200 },
    optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 },
    seed: 0,
    validation,
    samples,
    checkpoints: { every: 250 },
  },
  {
    sequenceLength: 256,
    batch: 8,
    steps: 2600,
    learningRate,
    schedule: { kind: 'warmup_stable_decay', warmup: 50, final: 0, decay: 0.8 },
    optimizer: { kind: 'muon', momentum: 0.95, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 },
    seed: 1,
    validation,
    samples,
    checkpoints: { every: 100 },
  },
];
