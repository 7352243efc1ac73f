import type { KernelSpec } from '@yoco-u/spec';
import { byteLength, f32, tensorType } from '@yoco-u/tensor';
import { blockAxes, blockLength, freshMap, readSegments } from '../layout.ts';
import { expectBlocks, expectInputs, expectSegments, type SegmentParams } from './checks.ts';

const name = 'attention.pack_blocks_backward';

/** The way back from blocks to rows: blocks, segments → keys [maxRows, G·D], values [maxRows, G·D]. */
export const packBlocksBackward: KernelSpec<SegmentParams & { readonly maxRows: number }> = {
  name,
  infer(inputs, { maxRows }) {
    expectInputs(name, inputs, 2);
    const { heads, headDim } = expectBlocks(name, 'blocks', inputs[0]!, false);
    expectSegments(name, inputs[1]!);
    const rows = tensorType(f32, maxRows, heads * headDim);
    return [rows, rows];
  },
  cost: ([blocks]) => ({ flops: 0, bytes: 2 * byteLength(blocks!) }),
  reference({ inputs: [blocks, table], outputs: [keys, values], inputTypes, params, value }) {
    const axes = blockAxes(inputTypes[0]!);
    const { heads, headDim } = axes;
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      const from = freshMap(axes, segment);
      for (let row = 0; row < segment.rows; row++) {
        const position = segment.start + row;
        const lane = position % blockLength;
        for (let head = 0; head < heads; head++) {
          const at = ((segment.firstRow + row) * heads + head) * headDim;
          for (let d = 0; d < headDim; d++) {
            keys![at + d] = blocks![from.keyBlock(head, position) + d * blockLength + lane]!;
            values![at + d] = blocks![from.valueBlock(head, position) + lane * headDim + d]!;
          }
        }
      }
    }
  },
};
