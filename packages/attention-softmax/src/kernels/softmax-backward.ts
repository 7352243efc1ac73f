import { type KernelSpec, ShapeError, type TensorType } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32, sameType, tensorType } from '@yoco-u/tensor';
import { blockAxes, blockLength, freshMap, readSegments } from '../layout.ts';
import { firstVisibleUnder, forEachQuery, scores } from './attend.ts';
import { expectBlocks, expectInputs, expectQueries, expectSegments, type SegmentParams } from './checks.ts';

const name = 'attention.softmax_backward';

/** Largest score and sum of weights of every query: f32 [T, 2·H]. */
export function statisticsType(q: TensorType, fresh: TensorType): TensorType {
  const [rows, width] = q.shape;
  return tensorType(f32, rows!, (2 * width!) / blockAxes(fresh).headDim);
}

/**
 * Gradient of `attention.softmax`, probabilities computed anew: q [T, H·D], segments, fresh blocks, out [T, H·D] and
 * statistics [T, 2·H] of that call, gradient of out → gradients of q [T, H·D] and of the fresh blocks. Blocks that belong to no segment are not written; positions that no
 * query sees have gradient zero.
 *
 * With p the probabilities and g the gradient of out:  dv_j = Σ p_ij g_i,  ds_ij = p_ij (g_i·v_j − g_i·out_i) / sqrt(D),
 * dq_i = Σ ds_ij k_j,  dk_j = Σ ds_ij q_i.   Dao et al. 2022 (arXiv 2205.14135), appendix B.
 */
export const softmaxBackward: KernelSpec<SegmentParams & { readonly window?: number }> = {
  name,
  infer(inputs) {
    expectInputs(name, inputs, 6);
    const [q, segments, fresh, out, statistics, gradient] = inputs;
    expectSegments(name, segments!);
    expectQueries(name, q!, expectBlocks(name, 'fresh blocks', fresh!, false));
    const expected = {
      out: [out!, q!],
      statistics: [statistics!, statisticsType(q!, fresh!)],
      gradient: [gradient!, q!],
    };
    for (const [what, [got, type]] of Object.entries(expected)) {
      if (sameType(got!, type!)) continue;
      throw new ShapeError({ where: name, expected: `${what} ${describeType(type!)}`, got: describeType(got!) });
    }
    return [q!, fresh!];
  },
  cost: ([q, , fresh], { window }) => ({
    flops: 10 * elementCount(q!) * Math.min(q!.shape[0]!, window ?? q!.shape[0]!),
    bytes: 4 * byteLength(q!) + 2 * byteLength(fresh!),
  }),
  reference({ inputs, outputs: [ofQueries, ofFresh], inputTypes, params, value }) {
    const [q, table, fresh, out, statistics, gradient] = inputs;
    const axes = blockAxes(inputTypes[2]!);
    const { headDim } = axes;
    const heads = inputTypes[0]!.shape[1]! / headDim;
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      const map = freshMap(axes, segment);
      const memory = { data: fresh!, map };
      for (let head = 0; head < axes.heads; head++) {
        const size = blockLength * headDim;
        const end = Math.ceil((segment.start + segment.rows) / blockLength) * blockLength;
        for (let at = segment.start - (segment.start % blockLength); at < end; at += blockLength) {
          ofFresh!.fill(0, map.keyBlock(head, at), map.keyBlock(head, at) + size);
          ofFresh!.fill(0, map.valueBlock(head, at), map.valueBlock(head, at) + size);
        }
      }
      const firstVisible = firstVisibleUnder(params.window, segment.start);
      const view = { segment, axes, heads, memoryOf: () => memory, firstVisible };
      forEachQuery(view, (query) => {
        const { index, at, keyValueHead, first } = query;
        const largest = statistics![2 * index]!;
        const total = statistics![2 * index + 1]!;
        let mean = 0;
        for (let d = 0; d < headDim; d++) {
          mean += gradient![at + d]! * out![at + d]!;
          ofQueries![at + d] = 0;
        }
        scores(view, q!, query).forEach((score, j) => {
          const position = first + j;
          const probability = Math.exp(score - largest) / total;
          const content = map.valueBlock(keyValueHead, position) + (position % blockLength) * headDim;
          let ofProbability = 0;
          for (let d = 0; d < headDim; d++) {
            ofProbability += gradient![at + d]! * fresh![content + d]!;
            ofFresh![content + d] = ofFresh![content + d]! + probability * gradient![at + d]!;
          }
          const key = map.keyBlock(keyValueHead, position) + (position % blockLength);
          const ofScore = (probability * (ofProbability - mean)) / Math.sqrt(headDim);
          for (let d = 0; d < headDim; d++) {
            const component = key + d * blockLength;
            ofQueries![at + d] = ofQueries![at + d]! + ofScore * fresh![component]!;
            ofFresh![component] = ofFresh![component]! + ofScore * q![at + d]!;
          }
        });
      });
    }
  },
};
