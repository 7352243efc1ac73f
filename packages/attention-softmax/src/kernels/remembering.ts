/**
 * Attention of a run that keeps what the run's successors need: what a self-attention layer with memory does between its projections.
 */
import { fuse } from '@yoco-u/tensor';
import { blockAxes } from '../layout.ts';
import { commitPages } from './commit-pages.ts';
import { commitRing } from './commit-ring.ts';
import { packBlocks } from './pack-blocks.ts';
import { type SoftmaxParams, type SoftmaxRingParams, softmaxPaged, softmaxRing } from './softmax.ts';

/**
 * Attention within a window over a ring and the run's own rows, which are then put into the ring:
 * q [T, H·D], k [T, G·D], v [T, G·D], segments, ring (updated in place) → [T, H·D].
 */
export const slidingWindow = fuse<SoftmaxRingParams>({
  name: 'attention.sliding_window',
  updates: [4],
  inputs: () => 5,
  expand(graph, [q, k, v, segments, ring], { window, ...params }) {
    const packing = { ...params, keyValueHeads: blockAxes(ring!.type).heads };
    const [fresh] = graph.call(packBlocks, [k!, v!, segments!, ring!], packing);
    const [attended] = graph.call(softmaxRing, [q!, segments!, fresh!, ring!], { ...params, window });
    graph.call(commitRing, [fresh!, segments!, ring!], params);
    return [attended!];
  },
});

/**
 * Attention over all earlier positions, in pages, and the run's own rows, which are put into their pages:
 * q [T, H·D], k [T, G·D], v [T, G·D], segments, page table, pool (updated in place) → [T, H·D].
 */
export const full = fuse<SoftmaxParams>({
  name: 'attention.full',
  updates: [5],
  inputs: () => 6,
  expand(graph, [q, k, v, segments, table, pool], params) {
    const { segmentCount, rows } = params;
    graph.call(commitPages, [k!, v!, segments!, table!, pool!], { segmentCount, rows });
    return [graph.call(softmaxPaged, [q!, segments!, pool!, table!], params)[0]!];
  },
});
