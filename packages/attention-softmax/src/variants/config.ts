/** What the variants of this package read from a model's config, and the formulas they share. */
import {
  type AttentionContext,
  type AttentionCost,
  ConfigError,
  type ModelDimensions,
  type ParameterSpec,
} from '@yoco-u/spec';

export interface SoftmaxConfig {
  readonly model: ModelDimensions;
  readonly rope: boolean;
  /** Positions that a query sees, its own included; undefined: all. */
  readonly window: number | undefined;
}

/** Throws `ConfigError` when heads do not divide, or a head is to be rotated whose width is odd. */
export function parseConfig({ model, rope, where }: AttentionContext, window?: number): SoftmaxConfig {
  if (model.heads % model.keyValueHeads !== 0) {
    throw new ConfigError({
      where: 'config.num_attention_heads',
      expected: `a multiple of num_key_value_heads (${model.keyValueHeads})`,
      got: String(model.heads),
    });
  }
  if (rope && model.headDim % 2 !== 0) {
    throw new ConfigError({
      where: `${where}.rope`,
      expected: 'an even head_dim under rope',
      got: `head_dim ${model.headDim}`,
    });
  }
  return { model, rope, window };
}

/** Kernels count positions in 32 bits. */
const largestWindow = 2 ** 31 - 1;

/** Parses the stage's `window`. */
export function parseWindow({ stage, where }: AttentionContext): number {
  const { window } = stage;
  if (typeof window === 'number' && Number.isInteger(window) && window > 0 && window <= largestWindow) return window;
  throw new ConfigError({
    where: `${where}.window`,
    expected: `an integer from 1 to ${largestWindow}`,
    got: JSON.stringify(window) ?? 'nothing',
    fix: 'sliding_window needs the number of positions a query sees, its own included',
  });
}

export function queryParameters({ headDim: D, heads: H, hiddenSize: C, qkNorm }: ModelDimensions): ParameterSpec[] {
  return [
    { name: 'q_proj', shape: [H * D, C], use: 'matrix' },
    { name: 'o_proj', shape: [C, H * D], use: 'matrix' },
    ...(qkNorm ? [{ name: 'q_norm', shape: [D], use: 'vector' } as const] : []),
  ];
}

export function keyValueParameters({ headDim: D, keyValueHeads: G, hiddenSize: C }: ModelDimensions): ParameterSpec[] {
  return [
    { name: 'k_proj', shape: [G * D, C], use: 'matrix' },
    { name: 'v_proj', shape: [G * D, C], use: 'matrix' },
  ];
}

/** Parameters of a layer that makes its own keys and values. */
export function selfParameters({ model }: SoftmaxConfig): ParameterSpec[] {
  const norm: ParameterSpec[] = model.qkNorm ? [{ name: 'k_norm', shape: [model.headDim], use: 'vector' }] : [];
  return [...queryParameters(model), ...keyValueParameters(model), ...norm];
}

/** Float32 bytes of the keys and values of `tokens` positions. */
export function keyValueBytes({ headDim, keyValueHeads }: ModelDimensions, tokens: number): number {
  return 2 * 4 * keyValueHeads * headDim * tokens;
}

/** Keys that a query sees, a mean over a sequence of `tokens`. */
export function meanVisibleKeys(tokens: number, window: number | undefined): number {
  if (window === undefined || tokens < window) return (tokens + 1) / 2;
  return window - (window * (window - 1)) / (2 * tokens);
}

/** FLOPs a token of query and output maps and of attention itself. */
export function queryCost({ model, window }: SoftmaxConfig, tokens: number): number {
  const width = model.heads * model.headDim;
  return 4 * model.hiddenSize * width + 4 * width * meanVisibleKeys(tokens, window);
}

/** FLOPs a token of key and value maps. */
export function keyValueCost({ model }: SoftmaxConfig): number {
  return 4 * model.hiddenSize * model.keyValueHeads * model.headDim;
}

export function selfCost(config: SoftmaxConfig, tokens: number): AttentionCost {
  return { layer: queryCost(config, tokens) + keyValueCost(config), stage: 0 };
}
