import type { KernelSpec } from '@yoco-u/spec';
import { byteLength } from '@yoco-u/tensor';
import { blockAxes, blockLength, freshMap, readSegments, ringMap } from '../layout.ts';
import { expectBlocks, expectInputs, expectSameAxes, expectSegments, type SegmentParams } from './checks.ts';

const name = 'attention.commit_ring';

/**
 * Writes the rows of a run to the ring: fresh blocks, segments, ring (updated in place) → nothing. Of a segment longer
 * than the ring only the last rows are written. Comes after every call that reads the ring's earlier rows.
 */
export const commitRing: KernelSpec<SegmentParams> = {
  name,
  updates: [2],
  infer(inputs) {
    expectInputs(name, inputs, 3);
    const [fresh, segments, ring] = inputs;
    expectSegments(name, segments!);
    const axes = expectBlocks(name, 'fresh blocks', fresh!, false);
    expectSameAxes(name, 'fresh blocks and ring', axes, expectBlocks(name, 'ring', ring!, true));
    return [];
  },
  cost: ([fresh]) => ({ flops: 0, bytes: 2 * byteLength(fresh!) }),
  reference({ inputs: [fresh, table, ring], inputTypes, params, value }) {
    const axes = blockAxes(inputTypes[0]!);
    const ringAxes = blockAxes(inputTypes[2]!);
    const { heads, headDim } = axes;
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      const from = freshMap(axes, segment);
      const to = ringMap(ringAxes, segment.slot);
      const end = segment.start + segment.rows;
      const first = Math.max(segment.start, end - ringAxes.blocks * blockLength);
      for (let head = 0; head < heads; head++) {
        for (let position = first; position < end; position++) {
          const lane = position % blockLength;
          for (let d = 0; d < headDim; d++) {
            const keyAt = d * blockLength + lane;
            const valueAt = lane * headDim + d;
            ring![to.keyBlock(head, position) + keyAt] = fresh![from.keyBlock(head, position) + keyAt]!;
            ring![to.valueBlock(head, position) + valueAt] = fresh![from.valueBlock(head, position) + valueAt]!;
          }
        }
      }
    }
  },
};
