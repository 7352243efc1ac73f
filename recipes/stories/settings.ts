/** The run that makes the bundled model, data and folders left out: the one place to change it. */
import type { RunRequest } from '@yoco-u/train';

/** Optimizer and learning rate are the trainer's defaults at this width. */
export const settings: RunRequest = {
  vocabularySize: 2048,
  depth: 6,
  model: { hidden_size: 160, intermediate_size: 432, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 40 },
  iterations: { from: 1, to: 4 },
  sequenceLength: 256,
  batch: 8,
  steps: 5200,
  schedule: { kind: 'warmup_stable_decay', warmup: 100, final: 0, decay: 0.8 },
  seed: 0,
  validation: { every: 250, rows: 64 },
  // the card has samples of the finished model
  samples: { every: 0 },
  checkpoints: { every: 100 },
};
