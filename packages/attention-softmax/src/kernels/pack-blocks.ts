import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { byteLength, describeType, f32, tensorType } from '@yoco-u/tensor';
import { blockAxes, blockLength, freshBlockCount, freshMap, readSegments, ringMap } from '../layout.ts';
import {
  expectBlocks,
  expectInputs,
  expectKeysAndValues,
  expectSameAxes,
  expectSegments,
  type SegmentParams,
} from './checks.ts';
import { packBlocksBackward } from './pack-blocks-backward.ts';

export interface PackBlocksParams extends SegmentParams {
  /** G */
  readonly keyValueHeads: number;
}

const name = 'attention.pack_blocks';

/**
 * Brings the keys and values of a run into blocks: k [T, G·D], v [T, G·D], segments, ring? → fresh blocks (see `layout.ts`).
 *
 * Positions before a segment's start that share its first block are copied from the ring where one is given, else zero;
 * those behind its last row are zero. Blocks that belong to no segment are not written.
 */
export const packBlocks: KernelSpec<PackBlocksParams> = {
  name,
  infer(inputs, { keyValueHeads }) {
    expectInputs(name, inputs, 3, 4);
    const [k, v, segments, ring] = inputs;
    expectKeysAndValues(name, k!, v!);
    expectSegments(name, segments!);
    if (k!.shape[1]! % keyValueHeads !== 0) {
      throw new ShapeError({ where: name, expected: `keys of ${keyValueHeads} heads`, got: describeType(k!) });
    }
    const headDim = k!.shape[1]! / keyValueHeads;
    const blocks = freshBlockCount(k!.shape[0]!, segments!.shape[0]!);
    const fresh = tensorType(f32, 2, keyValueHeads, blocks, blockLength * headDim);
    if (ring !== undefined)
      expectSameAxes(name, 'keys and ring', blockAxes(fresh), expectBlocks(name, 'ring', ring, true));
    return [fresh];
  },
  cost: ([k]) => ({ flops: 0, bytes: 4 * byteLength(k!) }),
  reference({ inputs: [k, v, table, ring], outputs: [fresh], inputTypes, outputTypes, params, value }) {
    const axes = blockAxes(outputTypes[0]!);
    const { heads, headDim } = axes;
    const ringAxes = ring === undefined ? undefined : blockAxes(inputTypes[3]!);
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      const { firstRow, rows, start } = segment;
      const to = freshMap(axes, segment);
      const stored = ringAxes && ringMap(ringAxes, segment.slot);
      const first = start - (start % blockLength);
      const end = Math.ceil((start + rows) / blockLength) * blockLength;
      for (let head = 0; head < heads; head++) {
        for (let position = first; position < end; position++) {
          const lane = position % blockLength;
          const row = firstRow + position - start;
          const own = position >= start && position < start + rows;
          for (let d = 0; d < headDim; d++) {
            const keyAt = d * blockLength + lane;
            const valueAt = lane * headDim + d;
            let key = 0;
            let content = 0;
            if (own) {
              key = k![(row * heads + head) * headDim + d]!;
              content = v![(row * heads + head) * headDim + d]!;
            } else if (stored !== undefined && position < start) {
              key = ring![stored.keyBlock(head, position) + keyAt]!;
              content = ring![stored.valueBlock(head, position) + valueAt]!;
            }
            fresh![to.keyBlock(head, position) + keyAt] = key;
            fresh![to.valueBlock(head, position) + valueAt] = content;
          }
        }
      }
    }
  },
  backward(graph, { inputs: [k, , segments, ring], params }, [gradient]) {
    if (ring !== undefined) throw new ShapeError({ where: name, expected: 'no ring under a gradient', got: 'one' });
    if (gradient === undefined) return [];
    const [keys, values] = graph.call(packBlocksBackward, [gradient, segments!], {
      segmentCount: params.segmentCount,
      rows: params.rows,
      maxRows: k!.type.shape[0]!,
    });
    return [keys, values];
  },
};
