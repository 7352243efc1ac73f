/** What importers give, and the names of this project's tensors. */
import type { TensorEntry } from './tensor-entry.ts';

/** A model of another system in this project's format: ready to be used, or written with `writeModelFolder`. */
export interface ImportedModel {
  /** As `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Read from the original when asked for. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** The sizes of a Llama-architecture model. */
export interface LlamaSizes {
  readonly vocabularySize: number;
  readonly width: number;
  readonly hiddenWidth: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  readonly contextLength: number;
  readonly ropeTheta: number;
  readonly normEpsilon: number;
  readonly tiedHead: boolean;
}

/** One self stage of full attention with rotation. */
export function transformerConfig(sizes: LlamaSizes): Record<string, unknown> {
  return {
    model_type: 'transformer',
    vocab_size: sizes.vocabularySize,
    hidden_size: sizes.width,
    intermediate_size: sizes.hiddenWidth,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.keyValueHeads,
    head_dim: sizes.headWidth,
    rope_theta: sizes.ropeTheta,
    rms_norm_eps: sizes.normEpsilon,
    embedding_scale: 1,
    qk_norm: false,
    tie_word_embeddings: sizes.tiedHead,
    max_position_embeddings: sizes.contextLength,
    stages: [{ type: 'self', layers: sizes.layers, iterations: 1, attention: 'full', rope: true }],
  };
}

/** The tensors of such a model, by our name, with the shapes they must have. */
export function transformerShapes(sizes: LlamaSizes): ReadonlyMap<string, readonly number[]> {
  const { vocabularySize, width, hiddenWidth } = sizes;
  const queries = sizes.heads * sizes.headWidth;
  const keys = sizes.keyValueHeads * sizes.headWidth;
  const shapes = new Map<string, readonly number[]>([['model.embed_tokens.weight', [vocabularySize, width]]]);
  for (let layer = 0; layer < sizes.layers; layer++) {
    const prefix = layerPrefix(layer);
    shapes.set(`${prefix}.attention_norm.weight`, [width]);
    shapes.set(`${prefix}.attention.q_proj.weight`, [queries, width]);
    shapes.set(`${prefix}.attention.k_proj.weight`, [keys, width]);
    shapes.set(`${prefix}.attention.v_proj.weight`, [keys, width]);
    shapes.set(`${prefix}.attention.o_proj.weight`, [width, queries]);
    shapes.set(`${prefix}.feed_forward_norm.weight`, [width]);
    shapes.set(`${prefix}.feed_forward.gate_proj.weight`, [hiddenWidth, width]);
    shapes.set(`${prefix}.feed_forward.up_proj.weight`, [hiddenWidth, width]);
    shapes.set(`${prefix}.feed_forward.down_proj.weight`, [width, hiddenWidth]);
  }
  shapes.set('model.norm.weight', [width]);
  if (!sizes.tiedHead) shapes.set('lm_head.weight', [vocabularySize, width]);
  return shapes;
}

export function layerPrefix(layer: number): string {
  return `model.stages.0.layers.${layer}`;
}
