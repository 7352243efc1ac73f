import { type AttentionScope, type AttentionVariant, ConfigError, ShapeError, type Tensor } from '@yoco-u/spec';
import { f32, linear, projectHeads, rmsNormSwiglu, tensorType } from '@yoco-u/tensor';
import { gatedRetentionCost } from './cost.ts';
import { retentionDecayBackward } from './decay-backward.ts';
import { retentionKeyValueBackward } from './key-value-backward.ts';
import { retentionLens } from './lens.ts';
import { retention } from './retention.ts';
import { retentionParallel } from './retention-parallel.ts';

/** What gated retention takes from the model and its stage. */
export interface GatedRetentionConfig {
  /** C */
  readonly hiddenSize: number;
  /** H: heads of queries, keys and values alike. */
  readonly heads: number;
  /** D */
  readonly headDim: number;
  readonly normEps: number;
  /** Whether queries and keys are rotated. */
  readonly rope: boolean;
}

/**
 * Gated retention (gRet): linear attention whose past fades by a learned decay a head and token. Its state, [H, D, D] float32
 * a sequence, does not grow with the context.
 *
 *   out = o_proj( silu(g_proj(x)) · rms_per_head(retention(q, k, v, gamma)) ),   gamma = sigmoid(decay_proj(x))^(1/16)
 *
 * Key/value heads and per-head norms of the model do not apply: k and v have H heads, q and k no norm.
 * YOCO 2024 (arXiv 2405.05254), section 3.2.
 */
export const gatedRetention: AttentionVariant<GatedRetentionConfig, undefined> = {
  specVersion: 1,
  name: 'gated_retention',
  stage: 'self',
  kernels: [retentionParallel, retentionKeyValueBackward, retentionDecayBackward, retention],
  stageKeys: [],
  parse({ model: { hiddenSize, heads, headDim, normEps }, rope, where }) {
    if (rope && headDim % 2 !== 0) {
      throw new ConfigError({
        where: `${where}.rope`,
        expected: 'an even head_dim where queries and keys are rotated',
        got: `head_dim ${headDim}`,
      });
    }
    return { hiddenSize, heads, headDim, normEps, rope };
  },
  parameters({ hiddenSize: C, heads: H, headDim: D }) {
    const wide = (name: string) => ({ name, shape: [H * D, C], use: 'matrix' }) as const;
    return [
      ...['q_proj', 'k_proj', 'v_proj', 'g_proj'].map(wide),
      { name: 'decay_proj', shape: [H, C], use: 'matrix' },
      { name: 'o_proj', shape: [C, H * D], use: 'matrix' },
    ];
  },
  state: ({ heads: H, headDim: D }) => [
    { name: 'state', kind: 'fixed', entry: tensorType(f32, H, D, D), bytesInUse: () => 4 * H * D * D },
  ],
  apply(graph, { headDim, normEps, rope }, input, scope) {
    const { rows, segmentCount, segments } = scope.batch;
    const products = (['q', 'k', 'v', 'decay', 'g'] as const).map((name) => ({
      weight: scope.parameter(`${name}_proj`),
      rotation: rope && (name === 'q' || name === 'k') ? rotationOf(scope) : undefined,
    }));
    const [q, k, v, decay, gate] = projectHeads(graph, input, products, { rows, headDim, eps: normEps });
    scope.label(decay!, 'decay');
    const operands = [q!, k!, v!, decay!, segments];
    const state = scope.state('state');
    const params = { segmentCount, rows };
    const [retained] =
      state === undefined
        ? graph.call(retentionParallel, operands, params)
        : graph.call(retention, [...operands, state], params);
    const [gated] = graph.call(rmsNormSwiglu, [gate!, retained!], { rows, eps: normEps, group: headDim });
    return graph.call(linear, [gated!, scope.parameter('o_proj')], { rows })[0]!;
  },
  cost: (config) => gatedRetentionCost(config),
  lens: retentionLens,
};

function rotationOf({ batch: { rotation } }: AttentionScope): Tensor {
  if (rotation !== undefined) return rotation;
  throw new ShapeError({
    where: 'gated_retention',
    expected: 'rotation rows for a stage with rope',
    got: 'none',
    fix: 'give the batch a rotation [maxRows, D]',
  });
}
