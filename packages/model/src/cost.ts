/** Costs by formula: spec sections 3 and 4. Nothing is run. */
import type { StateCapacity } from '@yoco-u/spec';
import type { ModelConfig, StageConfig } from './config.ts';
import { listStates } from './states.ts';

/** FLOPs a token of one stage, a mean over a sequence of `tokens`. */
function stageFlops(
  config: ModelConfig,
  stage: StageConfig,
  tokens: number,
): { readonly shared: number; readonly layers: number } {
  const feedForward = 6 * config.hiddenSize * config.intermediateSize;
  let shared = 0;
  let layers = 0;
  for (const { variant, config: attention } of stage.layers) {
    const cost = variant.cost(attention, tokens);
    layers += cost.layer + feedForward;
    shared = Math.max(shared, cost.stage);
  }
  return { shared, layers: layers * stage.iterations };
}

/** Forward FLOPs a token, a mean over a sequence of `tokens`; a training step costs three times as much. */
export function flopsPerToken(config: ModelConfig, tokens: number): number {
  const head = 2 * config.hiddenSize * config.vocabularySize;
  return config.stages.reduce((sum, stage) => {
    const { shared, layers } = stageFlops(config, stage, tokens);
    return sum + shared + layers;
  }, head);
}

/** FLOPs of a prefill of `tokens` tokens, with early exit where the last stage is a cross stage. */
export function prefillFlops(config: ModelConfig, tokens: number): number {
  let total = 2 * config.hiddenSize * config.vocabularySize;
  config.stages.forEach((stage, index) => {
    const { shared, layers } = stageFlops(config, stage, tokens);
    const exits = stage.type === 'cross' && index === config.stages.length - 1;
    total += shared * tokens + layers * (exits ? 1 : tokens);
  });
  return total;
}

/** Cache bytes of one sequence of `tokens` fed tokens in float32, padding left out: spec section 3. */
export function cacheBytes(config: ModelConfig, tokens: number): number {
  const capacity: StateCapacity = { contextLength: Math.max(1, tokens), pageLength: 8 };
  return listStates(config, capacity).reduce((sum, state) => sum + state.bytesInUse(tokens), 0);
}
