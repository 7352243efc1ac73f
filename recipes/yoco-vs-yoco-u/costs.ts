/** What the compared systems cost, by formula, before anything is run. */
import { countParameters, flopsPerToken } from '@yoco-u/model';
import { planMemory, planRun, recordPrograms } from '@yoco-u/train';
import { builtInAttention } from '@yoco-u/yoco-u';
import type { ComparisonSettings } from './settings.ts';

export interface SystemCost {
  readonly iterations: number;
  readonly parameters: number;
  /** Of training, forward and backward: spec section 4, times three. */
  readonly flopsPerToken: number;
  /** Weights, gradients, moments and activations, without padding. */
  readonly bytes: number;
}

/** Throws `ConfigError` for settings that no run can have. */
export function costOf({ request }: ComparisonSettings, iterations: number): SystemCost {
  const { vocabularySize, sequenceLength } = request;
  const text = { vocabularySize, bosTokenId: undefined, eosTokenId: undefined, tokens: 1 };
  const { config, model } = planRun({ ...request, iterations, steps: 1000 }, sequenceLength, text, builtInAttention);
  const shape = {
    config: model,
    sequences: config.batch,
    sequenceLength,
    optimizer: config.optimizer,
    clip: config.clip,
  };
  return {
    iterations,
    parameters: countParameters(model),
    flopsPerToken: 3 * flopsPerToken(model, sequenceLength),
    bytes: planMemory(shape, recordPrograms(shape)).total,
  };
}

/** Tokens of a step. */
export function stepTokens({ request }: ComparisonSettings): number {
  return (request.batch ?? 1) * (request.accumulation ?? 1) * request.sequenceLength;
}
