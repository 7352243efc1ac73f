/**
 * Where keys and values lie. All memories of this package are made of blocks: 8 consecutive positions of one key/value
 * head, aligned to multiples of 8. A key block is [D, 8] (element (d, j) at d·8 + j), a value block [8, D], so that scores
 * and sums both read 8 contiguous floats.
 *
 * - Fresh blocks [2, G, blocks, 8·D] hold the rows of one run (index 0 of the first axis: keys, 1: values). Segment s, of
 *   n rows from row r at position p on, begins at fresh block ceil(r / 8) + 2·s and covers the positions' blocks
 *   floor(p / 8) .. floor((p + n − 1) / 8). Segments are in order of their first rows, and do not overlap.
 * - A ring [slots, 2, G, blocks, 8·D] keeps the last blocks·8 positions of a sequence: position p is in block
 *   floor(p / 8) mod blocks.
 * - A pool [pages, 2, G, pageLength / 8, 8·D] with a table [slots, pages a sequence] keeps all positions: p is in the page
 *   table[slot][floor(p / pageLength)].
 */
import type { NumberArray, TensorType } from '@yoco-u/spec';

/** Positions in a block. */
export const blockLength = 8;

/** i32 words of one segment. */
export const segmentWords = 4;

/** Fresh blocks that any run of at most `rows` rows in at most `segments` segments fits into. */
export function freshBlockCount(rows: number, segments: number): number {
  return Math.ceil(rows / blockLength) + 2 * segments;
}

/** Blocks of a ring that keeps what a window needs of a sequence of at most `contextLength` tokens. */
export function ringBlockCount(window: number, contextLength: number): number {
  return Math.ceil(Math.min(window, contextLength) / blockLength);
}

/** A run of consecutive positions of one sequence. */
export interface Segment {
  readonly firstRow: number;
  readonly rows: number;
  readonly slot: number;
  /** Position of the first row: tokens stored before it. */
  readonly start: number;
  /** Its first fresh block. */
  readonly freshBlock: number;
}

/** Reads the first `count` segments of a table, cut at row `maxRows`, those without rows left out. */
export function readSegments(table: NumberArray, count: number, maxRows: number): Segment[] {
  const segments: Segment[] = [];
  for (let index = 0; index < count; index++) {
    const at = index * segmentWords;
    const firstRow = table[at]!;
    const rows = Math.min(table[at + 1]!, maxRows - firstRow);
    if (rows <= 0) continue;
    segments.push({
      firstRow,
      rows,
      slot: table[at + 2]!,
      start: table[at + 3]!,
      freshBlock: Math.ceil(firstRow / blockLength) + 2 * index,
    });
  }
  return segments;
}

/** Finds keys and values of a memory: offsets of the block that holds a position. */
export interface BlockMap {
  keyBlock(head: number, position: number): number;
  valueBlock(head: number, position: number): number;
}

/** Axes [2, G, blocks, 8·D] at the end of a memory's shape. */
export interface BlockAxes {
  /** G */
  readonly heads: number;
  readonly blocks: number;
  /** D */
  readonly headDim: number;
}

/** The axes of a memory of this package: the last four of its type. */
export function blockAxes(type: TensorType): BlockAxes {
  const [, heads, blocks, floats] = type.shape.slice(-4);
  return { heads: heads!, blocks: blocks!, headDim: floats! / blockLength };
}

function blockMap(axes: BlockAxes, blockOf: (position: number) => readonly [entry: number, block: number]): BlockMap {
  const { heads, blocks, headDim } = axes;
  const offset = (kind: 0 | 1, head: number, position: number): number => {
    const [entry, block] = blockOf(position);
    return (((entry * 2 + kind) * heads + head) * blocks + block) * blockLength * headDim;
  };
  return {
    keyBlock: (head, position) => offset(0, head, position),
    valueBlock: (head, position) => offset(1, head, position),
  };
}

/** Fresh blocks of one segment. */
export function freshMap(axes: BlockAxes, segment: Segment): BlockMap {
  const first = Math.floor(segment.start / blockLength);
  return blockMap(axes, (position) => [0, segment.freshBlock + Math.floor(position / blockLength) - first]);
}

/** The ring of one slot. */
export function ringMap(axes: BlockAxes, slot: number): BlockMap {
  return blockMap(axes, (position) => [slot, Math.floor(position / blockLength) % axes.blocks]);
}

/** The pages of one sequence; `table` is row-major [slots, pagesPerSequence]. */
export function pageMap(axes: BlockAxes, table: NumberArray, pagesPerSequence: number, slot: number): BlockMap {
  return blockMap(axes, (position) => {
    const block = Math.floor(position / blockLength);
    const page = Math.floor(block / axes.blocks);
    return [table[slot * pagesPerSequence + page]!, block % axes.blocks];
  });
}
