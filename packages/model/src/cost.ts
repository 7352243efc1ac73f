/** Costs by formula: spec sections 3 and 4. Nothing is run. */
import type { StateCapacity, StateSpec } from '@yoco-u/spec';
import type { ModelConfig, StageConfig } from './config.ts';
import { countReads, embeddingName, listParameters } from './parameters.ts';
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

/** How many times a token passes through a layer: a looped stage applies each of its layers once an iteration. */
export function countLayerApplications({ stages }: ModelConfig): number {
  return stages.reduce((sum, { layers, iterations }) => sum + layers.length * iterations, 0);
}

/**
 * Bytes in float32 that decoding must read for the last of `tokens` tokens: the weights of a layer and the rows of its caches that
 * the token sees once an application, all others once, of the embedding one row. Padding and activations are left out.
 */
export function decodeBytes(config: ModelConfig, tokens: number): number {
  const capacity: StateCapacity = { contextLength: Math.max(1, tokens), pageLength: 8 };
  const visible = (states: readonly StateSpec[] = []): number =>
    states.reduce((sum, state) => sum + state.bytesInUse(tokens), 0);
  let caches = 0;
  for (const { layers, iterations } of config.stages) {
    const shared = layers.find(({ variant }) => variant.stageState !== undefined);
    caches += iterations * layers.length * visible(shared?.variant.stageState?.(shared.config, capacity));
    for (const { variant, config: attention } of layers) {
      caches += iterations * visible(variant.state(attention, capacity));
    }
  }
  const weights = listParameters(config).reduce((sum, { name, shape }) => {
    if (name === embeddingName && !config.tieWordEmbeddings) return sum + shape[1]!;
    return sum + countReads(config, name) * shape.reduce((a, b) => a * b, 1);
  }, 0);
  return 4 * weights + caches;
}
