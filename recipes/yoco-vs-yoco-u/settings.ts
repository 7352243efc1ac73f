/** What is compared, and how long: the one place to change it. */
import type { RunRequest } from '@yoco-u/train';

export interface ComparisonSettings {
  /** What all runs have in common. Data, seed, iterations, steps, schedule and tokenizer are added to it. */
  readonly request: RunRequest & { readonly vocabularySize: number; readonly sequenceLength: number };
  /** Applications of the self stage in training and in use: the first is YOCO, the others are YOCO-U. */
  readonly iterations: readonly [number, number];
  readonly seeds: readonly number[];
  /** Steps of the branches, ascending; each ends a schedule of its own. */
  readonly budgets: readonly number[];
  /** Steps over which a trunk's learning rate rises. */
  readonly warmup: number;
  /** Share of a budget over which a branch's learning rate falls to 0. */
  readonly decay: number;
}

export const comparison: ComparisonSettings = {
  request: {
    vocabularySize: 1024,
    depth: 4,
    model: { hidden_size: 64 },
    sequenceLength: 128,
    batch: 8,
    optimizer: { kind: 'muon', momentum: 0.95, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 },
    validation: { rows: 512 },
    samples: { every: 0 },
    checkpoints: { every: 200, keep: 1 },
  },
  iterations: [1, 3],
  seeds: [0, 1],
  budgets: [800, 1600, 3200],
  warmup: 100,
  decay: 0.2,
};

/** The step at which a branch leaves its trunk. */
export function branchPoint(settings: ComparisonSettings, budget: number): number {
  return Math.round(budget * (1 - settings.decay));
}
