/** The run that makes the bundled model, data and folder left out: the one place to change it. */
import type { RunRequest } from '@yoco-u/train';

export const storiesRequest: RunRequest = {
  vocabularySize: 2048,
  depth: 6,
  model: { hidden_size: 160, intermediate_size: 432, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 40 },
  iterations: { from: 1, to: 4 },
  sequenceLength: 256,
  batch: 8,
  steps: 8000,
  schedule: { kind: 'warmup_stable_decay', warmup: 200, final: 0, decay: 0.25 },
  seed: 0,
  validation: { every: 500, rows: 64 },
  // the card has samples of the finished model
  samples: { every: 0 },
  checkpoints: { every: 250 },
};
