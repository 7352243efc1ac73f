import type { AttentionVariant } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { packBlocks, slidingWindow, softmax, softmaxAttentionKernels } from '../kernels/index.ts';
import { blockLength, ringBlockCount } from '../layout.ts';
import { keyValueBytes, parseConfig, parseWindow, type SoftmaxConfig, selfCost, selfParameters } from './config.ts';
import { selfLens } from './lens.ts';
import { project, queriesKeysAndValues } from './projections.ts';

/** A sliding window's config: the window is always there. */
export interface SlidingWindowConfig extends SoftmaxConfig {
  readonly window: number;
}

/**
 * Self-attention over the last `window` positions, the query's own included. Keeps a ring of the window's keys and values,
 * which does not grow with the context.   Beltagy et al. 2020 (arXiv 2004.05150), Jiang et al. 2023 (arXiv 2310.06825).
 */
export const slidingWindowAttention: AttentionVariant<SlidingWindowConfig, never> = {
  specVersion: 1,
  name: 'sliding_window',
  stage: 'self',
  kernels: softmaxAttentionKernels,
  stageKeys: ['window'],
  parse(context) {
    const window = parseWindow(context);
    return { ...parseConfig(context, window), window };
  },
  parameters: selfParameters,
  state({ model, window }, { contextLength }) {
    const { headDim: D, keyValueHeads: G } = model;
    return [
      {
        name: 'ring',
        kind: 'ring',
        entry: tensorType(f32, 2, G, ringBlockCount(window, contextLength), blockLength * D),
        bytesInUse: (tokens) => keyValueBytes(model, Math.min(tokens, window)),
      },
    ];
  },
  apply(graph, config, input, scope) {
    const { segments, segmentCount, rows } = scope.batch;
    const params = { segmentCount, rows };
    const under = { ...params, window: config.window };
    const [q, k, v] = queriesKeysAndValues(graph, config, scope, input);
    const ring = scope.state('ring');
    if (ring === undefined) {
      const packing = { ...params, keyValueHeads: config.model.keyValueHeads };
      const fresh = graph.call(packBlocks, [k, v, segments], packing)[0]!;
      return project(graph, scope, 'o_proj', graph.call(softmax, [q, segments, fresh], under)[0]!);
    }
    const attended = graph.call(slidingWindow, [q, k, v, segments, ring], under)[0]!;
    return project(graph, scope, 'o_proj', attended);
  },
  cost: selfCost,
  lens: selfLens,
};
