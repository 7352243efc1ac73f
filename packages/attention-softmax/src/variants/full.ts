import type { AttentionVariant, ModelDimensions, StateCapacity, StateSpec } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { full, packBlocks, softmax, softmaxAttentionKernels } from '../kernels/index.ts';
import { blockLength } from '../layout.ts';
import { keyValueBytes, parseConfig, type SoftmaxConfig, selfCost, selfParameters } from './config.ts';
import { selfLens } from './lens.ts';
import { pageTableOf, project, queriesKeysAndValues } from './projections.ts';

/** Growing keys and values, one entry a page. */
export function pagesState(model: ModelDimensions, { pageLength }: StateCapacity): StateSpec {
  const { headDim: D, keyValueHeads: G } = model;
  return {
    name: 'pages',
    kind: 'append',
    entry: tensorType(f32, 2, G, pageLength / blockLength, blockLength * D),
    bytesInUse: (tokens) => keyValueBytes(model, tokens),
  };
}

/** Self-attention over all earlier positions and the query's own. Keys and values grow with the context, page by page. */
export const fullAttention: AttentionVariant<SoftmaxConfig, never> = {
  specVersion: 1,
  name: 'full',
  stage: 'self',
  kernels: softmaxAttentionKernels,
  stageKeys: [],
  parse: (context) => parseConfig(context),
  parameters: selfParameters,
  state: ({ model }, capacity) => [pagesState(model, capacity)],
  apply(graph, config, input, scope) {
    const { segments, segmentCount, rows } = scope.batch;
    const params = { segmentCount, rows };
    const [q, k, v] = queriesKeysAndValues(graph, config, scope, input);
    const pool = scope.state('pages');
    if (pool === undefined) {
      const packing = { ...params, keyValueHeads: config.model.keyValueHeads };
      const fresh = graph.call(packBlocks, [k, v, segments], packing)[0]!;
      return project(graph, scope, 'o_proj', graph.call(softmax, [q, segments, fresh], params)[0]!);
    }
    const attended = graph.call(full, [q, k, v, segments, pageTableOf(scope), pool], params)[0]!;
    return project(graph, scope, 'o_proj', attended);
  },
  cost: selfCost,
  lens: selfLens,
};
