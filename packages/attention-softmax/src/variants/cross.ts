import { type AttentionVariant, ShapeError, type Tensor } from '@yoco-u/spec';
import {
  commitPages,
  packBlocks,
  type SegmentParams,
  softmax,
  softmaxAttentionKernels,
  softmaxPaged,
} from '../kernels/index.ts';
import {
  keyValueCost,
  keyValueParameters,
  parseConfig,
  queryCost,
  queryParameters,
  type SoftmaxConfig,
} from './config.ts';
import { pagesState } from './full.ts';
import { crossLens } from './lens.ts';
import { heads, pageTableOf, project, queries } from './projections.ts';

/** Keys and values that all layers of a cross stage read. */
export type SharedKeysAndValues =
  | { readonly kind: 'fresh'; readonly fresh: Tensor; readonly segments: Tensor; readonly params: SegmentParams }
  | { readonly kind: 'pages'; readonly pool: Tensor; readonly table: Tensor };

/**
 * Causal attention of a cross stage: keys and values are made once from the stage's input and shared by its layers, so
 * that one growing memory serves them all.   YOCO, Sun et al. 2024 (arXiv 2405.05254).
 *
 * With state, `apply` takes any rows of what is stored, in segments of their own. Without, `apply` takes the rows that
 * `prepare` took.
 */
export const crossAttention: AttentionVariant<SoftmaxConfig, SharedKeysAndValues> = {
  specVersion: 1,
  name: 'full',
  stage: 'cross',
  kernels: softmaxAttentionKernels,
  stageKeys: [],
  parse: (context) => parseConfig(context),
  parameters: ({ model }) => queryParameters(model),
  state: () => [],
  stageParameters: ({ model }) => [
    { name: 'kv_norm', shape: [model.hiddenSize], use: 'vector' },
    ...keyValueParameters(model),
  ],
  stageState: ({ model }, capacity) => [pagesState(model, capacity)],
  prepare(graph, config, input, scope) {
    const { segments, segmentCount, rows } = scope.batch;
    const params = { segmentCount, rows };
    const inputNorm = scope.parameter('kv_norm');
    const [k, v] = heads(graph, config, scope, input, ['k', 'v'], { inputNorm }) as [Tensor, Tensor];
    const pool = scope.state('pages');
    if (pool === undefined) {
      const packing = { ...params, keyValueHeads: config.model.keyValueHeads };
      return { kind: 'fresh', fresh: graph.call(packBlocks, [k, v, segments], packing)[0]!, segments, params };
    }
    const table = pageTableOf(scope);
    graph.call(commitPages, [k, v, segments, table, pool], params);
    return { kind: 'pages', pool, table };
  },
  apply(graph, config, input, scope, shared) {
    if (shared === undefined) {
      throw new ShapeError({ where: 'cross attention', expected: "the result of 'prepare'", got: 'nothing' });
    }
    const q = queries(graph, config, scope, input);
    const { segments, segmentCount, rows } = scope.batch;
    const attended =
      shared.kind === 'fresh'
        ? graph.call(softmax, [q, shared.segments, shared.fresh], shared.params)[0]!
        : graph.call(softmaxPaged, [q, segments, shared.pool, shared.table], { segmentCount, rows })[0]!;
    return project(graph, scope, 'o_proj', attended);
  },
  cost: (config, tokens) => ({ layer: queryCost(config, tokens), stage: keyValueCost(config) }),
  lens: crossLens,
};
