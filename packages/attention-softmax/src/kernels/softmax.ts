/**
 * Causal softmax attention with grouped query heads over the three memories of this package.
 *
 * out_i = Σ_j softmax_j(q_i · k_j / sqrt(D)) v_j over the positions j that query i sees: j <= i, and i − j < window under a
 * window. Query head h of H reads key/value head floor(h · G / H).   Vaswani et al. 2017 (arXiv 1706.03762), grouped
 * heads: Ainslie et al. 2023 (arXiv 2305.13245).
 *
 * Devices go over keys in tiles at absolute positions with a running maximum and sum (Milakov and Gimelshein 2018,
 * arXiv 1805.02867), so that a row's bits depend on its position and on the keys it sees, and on nothing else.
 */
import type { KernelSpec, TensorType } from '@yoco-u/spec';
import { byteLength, elementCount } from '@yoco-u/tensor';
import { blockAxes, blockLength, freshMap, pageMap, readSegments, ringMap } from '../layout.ts';
import { attend, firstVisibleUnder } from './attend.ts';
import {
  expectBlocks,
  expectInputs,
  expectQueries,
  expectSameAxes,
  expectSegments,
  expectTable,
  expectWindow,
  type SegmentParams,
} from './checks.ts';
import { softmaxBackward, statisticsType } from './softmax-backward.ts';

export interface SoftmaxParams extends SegmentParams {
  /** Positions that a query sees, its own included. Absent: all. */
  readonly window?: number;
}

export interface SoftmaxRingParams extends SegmentParams {
  readonly window: number;
}

function costOf(q: TensorType, keys: number, memoryBytes: number) {
  return { flops: 4 * elementCount(q) * keys, bytes: 2 * byteLength(q) + memoryBytes };
}

/**
 * Attention of a run over its own rows: q [T, H·D], segments, fresh blocks → [T, H·D], statistics [T, 2·H]. No row sees what
 * lies before its segment's start. Statistics are, for each head of a row, the largest score m and the sum of exp(score − m):
 * with them the gradient gets the probabilities back in one pass. No gradient flows
 * through them.
 */
export const softmax: KernelSpec<SoftmaxParams> = {
  name: 'attention.softmax',
  infer(inputs, { window }) {
    expectInputs('attention.softmax', inputs, 3);
    const [q, segments, fresh] = inputs;
    expectSegments('attention.softmax', segments!);
    expectWindow('attention.softmax', window);
    expectQueries('attention.softmax', q!, expectBlocks('attention.softmax', 'fresh blocks', fresh!, false));
    return [q!, statisticsType(q!, fresh!)];
  },
  cost: ([q, , fresh], { window }) => costOf(q!, Math.min(q!.shape[0]!, window ?? q!.shape[0]!), byteLength(fresh!)),
  reference({ inputs: [q, table, fresh], outputs: [out, statistics], inputTypes, params, value }) {
    const axes = blockAxes(inputTypes[2]!);
    const heads = inputTypes[0]!.shape[1]! / axes.headDim;
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      const memory = { data: fresh!, map: freshMap(axes, segment) };
      const firstVisible = firstVisibleUnder(params.window, segment.start);
      attend({ segment, axes, heads, memoryOf: () => memory, firstVisible }, q!, out!, statistics);
    }
  },
  backward(graph, { inputs: [q, segments, fresh], outputs: [out, statistics], params }, [gradient]) {
    if (gradient === undefined) return [];
    const operands = [q!, segments!, fresh!, out!, statistics!, gradient];
    const [ofQueries, ofFresh] = graph.call(softmaxBackward, operands, params);
    return [ofQueries, undefined, ofFresh];
  },
};

/**
 * Attention of a run over its own rows and the ring's, within a window: q [T, H·D], segments, fresh blocks, ring → [T, H·D].
 * The ring must hold window positions at least, or all the sequence's; the run's own rows are not yet in it.
 */
export const softmaxRing: KernelSpec<SoftmaxRingParams> = {
  name: 'attention.softmax_ring',
  infer(inputs, { window }) {
    expectInputs('attention.softmax_ring', inputs, 4);
    const [q, segments, fresh, ring] = inputs;
    expectSegments('attention.softmax_ring', segments!);
    expectWindow('attention.softmax_ring', window);
    const axes = expectBlocks('attention.softmax_ring', 'fresh blocks', fresh!, false);
    expectQueries('attention.softmax_ring', q!, axes);
    const ringAxes = expectBlocks('attention.softmax_ring', 'ring', ring!, true);
    expectSameAxes('attention.softmax_ring', 'fresh blocks and ring', axes, ringAxes);
    return [q!];
  },
  cost: ([q, segments, fresh, ring], { window }) =>
    costOf(q!, window, byteLength(fresh!) + (byteLength(ring!) / ring!.shape[0]!) * segments!.shape[0]!),
  reference({ inputs: [q, table, fresh, ring], outputs: [out], inputTypes, params, value }) {
    const axes = blockAxes(inputTypes[2]!);
    const ringAxes = blockAxes(inputTypes[3]!);
    const heads = inputTypes[0]!.shape[1]! / axes.headDim;
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      const own = { data: fresh!, map: freshMap(axes, segment) };
      const stored = { data: ring!, map: ringMap(ringAxes, segment.slot) };
      const firstOwn = segment.start - (segment.start % blockLength);
      const memoryOf = (position: number) => (position >= firstOwn ? own : stored);
      const firstVisible = firstVisibleUnder(params.window, 0);
      attend({ segment, axes, heads, memoryOf, firstVisible }, q!, out!);
    }
  },
};

/**
 * Attention over a growing memory: q [T, H·D], segments, pool, page table → [T, H·D]. The run's own rows, as far as they
 * are seen, are already in their pages.
 */
export const softmaxPaged: KernelSpec<SoftmaxParams> = {
  name: 'attention.softmax_paged',
  infer(inputs, { window }) {
    expectInputs('attention.softmax_paged', inputs, 4);
    const [q, segments, pool, table] = inputs;
    expectSegments('attention.softmax_paged', segments!);
    expectTable('attention.softmax_paged', table!);
    expectWindow('attention.softmax_paged', window);
    expectQueries('attention.softmax_paged', q!, expectBlocks('attention.softmax_paged', 'pool', pool!, true));
    return [q!];
  },
  cost([q, segments, pool, table], { window }) {
    const { heads, blocks, headDim } = blockAxes(pool!);
    const stored = table!.shape[1]! * blocks * blockLength;
    const keys = Math.min(stored, window ?? stored);
    return costOf(q!, keys, segments!.shape[0]! * keys * heads * headDim * 8);
  },
  reference({ inputs: [q, table, pool, pages], outputs: [out], inputTypes, params, value }) {
    const axes = blockAxes(inputTypes[2]!);
    const heads = inputTypes[0]!.shape[1]! / axes.headDim;
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      const memory = { data: pool!, map: pageMap(axes, pages!, inputTypes[3]!.shape[1]!, segment.slot) };
      const firstVisible = firstVisibleUnder(params.window, 0);
      attend({ segment, axes, heads, memoryOf: () => memory, firstVisible }, q!, out!);
    }
  },
};
