/** From one dial to a model: YOCO-U of a depth, with the proportions that its width brings. */
import type { IterationChoice } from './iteration-choice.ts';
import type { TextFacts } from './run-config.ts';

/** Width a layer. */
const widthPerLayer = 32;
const defaultIterations = 3;

export interface DepthOptions {
  /** Layers in all: the first half, rounded up, is looped; the others share one cache. */
  readonly depth: number;
  readonly sequenceLength: number;
  readonly text: TextFacts;
  /** Keys of config.json that replace what follows from the depth. */
  readonly changes: Readonly<Record<string, unknown>>;
  readonly iterations: IterationChoice | undefined;
}

/** config.json of a model. `iterations` drawn from a range: the model's own is the range's middle, rounded up. */
export function modelFor(options: DepthOptions): Readonly<Record<string, unknown>> {
  const { depth, sequenceLength, text, changes, iterations } = options;
  const width = typeof changes.hidden_size === 'number' ? changes.hidden_size : widthPerLayer * depth;
  const headDim = width < 256 ? 32 : 64;
  const heads = Math.max(1, Math.round(width / headDim));
  const own =
    iterations === undefined
      ? defaultIterations
      : typeof iterations === 'number'
        ? iterations
        : Math.ceil((iterations.from + iterations.to) / 2);
  const cross = Math.floor(depth / 2);
  return {
    model_type: 'yoco_u',
    vocab_size: text.vocabularySize,
    hidden_size: width,
    // 8/3 of the width in three matrices cost what 4 cost in two (Shazeer 2020, arXiv 2002.05202)
    intermediate_size: 8 * Math.ceil(width / 3),
    num_attention_heads: heads,
    num_key_value_heads: largestShare(heads),
    head_dim: headDim,
    rope_theta: 10000,
    rms_norm_eps: 1e-6,
    qk_norm: true,
    tie_word_embeddings: true,
    max_position_embeddings: 8 * sequenceLength,
    ...(text.bosTokenId === undefined ? {} : { bos_token_id: text.bosTokenId }),
    ...(text.eosTokenId === undefined ? {} : { eos_token_id: text.eosTokenId }),
    stages: [
      {
        type: 'self',
        layers: depth - cross,
        iterations: own,
        attention: 'sliding_window',
        window: Math.max(1, Math.round(sequenceLength / 4)),
        rope: true,
      },
      { type: 'cross', layers: cross, iterations: 1, attention: 'full', rope: false },
    ],
    ...(typeof iterations === 'object' ? { train_iterations: iterations } : {}),
    ...changes,
  };
}

/** Width of a config.json. */
export function widthOf(model: Readonly<Record<string, unknown>>): number {
  return Number(model.hidden_size);
}

/** The largest divisor of at most half: heads that share keys and values in groups of two, where that works out. */
function largestShare(heads: number): number {
  for (let share = Math.floor(heads / 2); share > 1; share--) if (heads % share === 0) return share;
  return 1;
}
