import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { byteLength, describeType } from '@yoco-u/tensor';
import { blockAxes, blockLength, pageMap, readSegments } from '../layout.ts';
import {
  expectBlocks,
  expectInputs,
  expectKeysAndValues,
  expectSegments,
  expectTable,
  type SegmentParams,
} from './checks.ts';

const name = 'attention.commit_pages';

/**
 * Writes the rows of a run to their pages: k [T, G·D], v [T, G·D], segments, page table, pool (updated in place) → nothing.
 * The pages of all positions written must be in the table. Comes before the calls that attend to these rows.
 */
export const commitPages: KernelSpec<SegmentParams> = {
  name,
  updates: [4],
  infer(inputs) {
    expectInputs(name, inputs, 5);
    const [k, v, segments, table, pool] = inputs;
    expectKeysAndValues(name, k!, v!);
    expectSegments(name, segments!);
    expectTable(name, table!);
    const { heads, headDim } = expectBlocks(name, 'pool', pool!, true);
    if (k!.shape[1] !== heads * headDim) {
      throw new ShapeError({
        where: name,
        expected: `keys of width ${heads * headDim}, as the pool's heads`,
        got: describeType(k!),
      });
    }
    return [];
  },
  cost: ([k]) => ({ flops: 0, bytes: 4 * byteLength(k!) }),
  reference({ inputs: [k, v, table, pages, pool], inputTypes, params, value }) {
    const axes = blockAxes(inputTypes[4]!);
    const { heads, headDim } = axes;
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      const to = pageMap(axes, pages!, inputTypes[3]!.shape[1]!, segment.slot);
      for (let row = 0; row < segment.rows; row++) {
        const position = segment.start + row;
        const lane = position % blockLength;
        for (let head = 0; head < heads; head++) {
          const at = ((segment.firstRow + row) * heads + head) * headDim;
          for (let d = 0; d < headDim; d++) {
            pool![to.keyBlock(head, position) + d * blockLength + lane] = k![at + d]!;
            pool![to.valueBlock(head, position) + lane * headDim + d] = v![at + d]!;
          }
        }
      }
    }
  },
};
