import { type AttentionVariant, ConfigError, type Graph, ShapeError, type Tensor, type Value } from '@yoco-u/spec';
import { f32, linear, rmsNorm, rotary, swiglu, tensorType } from '@yoco-u/tensor';
import { gatedRetentionCost } from './cost.ts';
import { retentionDecayBackward } from './decay-backward.ts';
import { retentionKeyValueBackward } from './key-value-backward.ts';
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
    const { rows, segmentCount, segments, rotation } = scope.batch;
    const project = (name: string, x: Tensor): Tensor => graph.call(linear, [x, scope.parameter(name)], { rows })[0]!;
    const place = (x: Tensor): Tensor => (rope ? rotate(graph, x, rotation, rows) : x);
    const operands = [
      place(project('q_proj', input)),
      place(project('k_proj', input)),
      project('v_proj', input),
      project('decay_proj', input),
      segments,
    ];
    const state = scope.state('state');
    const params = { segmentCount, rows };
    const [retained] =
      state === undefined
        ? graph.call(retentionParallel, operands, params)
        : graph.call(retention, [...operands, state], params);
    const [normed] = graph.call(rmsNorm, [retained!], { rows, eps: normEps, group: headDim });
    const [gated] = graph.call(swiglu, [project('g_proj', input), normed!], { rows });
    return project('o_proj', gated!);
  },
  cost: (config) => gatedRetentionCost(config),
};

function rotate(graph: Graph, x: Tensor, rotation: Tensor | undefined, rows: Value): Tensor {
  if (rotation === undefined) {
    throw new ShapeError({
      where: 'gated_retention',
      expected: 'rotation rows for a stage with rope',
      got: 'none',
      fix: 'give the batch a rotation [maxRows, D]',
    });
  }
  return graph.call(rotary, [x, rotation], { rows })[0]!;
}
