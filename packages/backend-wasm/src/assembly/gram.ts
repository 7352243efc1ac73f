// gram: y = x·xᵀ, x [rows, k], y [rows, rows]; and transposition.
import { tensor, word, workspace } from 'kernel/arguments';
import { ceilDivide, shareStart, smaller } from 'kernel/split';
import { linearScratchBytes, multiply } from './linear-blocks';
import { packPanels, transpose4 } from './panels';

/** Rows of a block: what lies right of a block's own columns is not computed. */
const blockRows: i32 = 16;

// gram: 4 x · 5 y · 6 rows · 7 k · 8 wide tiles. Workspace: the threads' scratch, then x packed.

/** Phase 1: packs x. */
export function gram_pack(args: usize, thread: i32, threads: i32): void {
  const rows = word(args, 6);
  const panels = ceilDivide(rows, 8);
  packPanels(
    tensor(args, 0),
    workspace(args) + <usize>(threads * linearScratchBytes),
    rows,
    word(args, 7),
    shareStart(panels, thread, threads),
    shareStart(panels, thread + 1, threads),
  );
}

/** Phase 2: every block of rows up to the end of its own columns, so that all of the lower half is there. */
export function gram_lower(args: usize, thread: i32, threads: i32): void {
  const rows = word(args, 6);
  const scratch = workspace(args);
  const packed = scratch + <usize>(threads * linearScratchBytes);
  const own = scratch + <usize>(thread * linearScratchBytes);
  const blocks = ceilDivide(rows, blockRows);
  for (let i = 0; i < blocks; i++) {
    // longest first, and to and fro, so that shares are about equal
    const turn = i % (threads << 1);
    if ((turn < threads ? turn : (threads << 1) - 1 - turn) != thread) continue;
    const start = (blocks - 1 - i) * blockRows;
    const end = smaller(rows, start + blockRows);
    multiply(tensor(args, 0), packed, tensor(args, 1), word(args, 7), rows, start, end, 0, ceilDivide(end, 8), word(args, 8) != 0, own);
  }
}

/** Phase 3: mirrors it into what is right of the blocks. */
export function gram_mirror(args: usize, thread: i32, threads: i32): void {
  const rows = word(args, 6);
  const y = tensor(args, 1);
  const blocks = ceilDivide(rows, blockRows);
  const last = shareStart(blocks, thread + 1, threads);
  for (let block = shareStart(blocks, thread, threads); block < last; block++) {
    const start = block * blockRows;
    const end = smaller(rows, start + blockRows);
    transposeBlock(y, rows, y, rows, end, rows, start, end);
  }
}

/** 4 x · 5 y · 6 rows of x · 7 columns of x. */
export function transpose(args: usize, thread: i32, threads: i32): void {
  const rows = word(args, 6);
  const columns = word(args, 7);
  const blocks = ceilDivide(columns, blockRows);
  const last = shareStart(blocks, thread + 1, threads);
  for (let block = shareStart(blocks, thread, threads); block < last; block++) {
    const start = block * blockRows;
    transposeBlock(tensor(args, 0), columns, tensor(args, 1), rows, 0, rows, start, smaller(columns, start + blockRows));
  }
}

/** y[column, row] = x[row, column] for rows [rowStart, rowEnd) and columns [columnStart, columnEnd) of x. */
function transposeBlock(
  x: usize,
  xWidth: i32,
  y: usize,
  yWidth: i32,
  rowStart: i32,
  rowEnd: i32,
  columnStart: i32,
  columnEnd: i32,
): void {
  const ldx = <usize>xWidth << 2;
  const ldy = <usize>yWidth << 2;
  for (let row = rowStart; row < rowEnd; row += 4) {
    for (let column = columnStart; column < columnEnd; column += 4) {
      const from = x + <usize>row * ldx + (<usize>column << 2);
      const to = y + <usize>column * ldy + (<usize>row << 2);
      if (row + 4 <= rowEnd && column + 4 <= columnEnd) {
        transpose4(from, ldx, to, ldy);
        continue;
      }
      const height = smaller(4, rowEnd - row);
      const width = smaller(4, columnEnd - column);
      for (let r = 0; r < height; r++) {
        for (let c = 0; c < width; c++) {
          store<f32>(to + <usize>c * ldy + (<usize>r << 2), load<f32>(from + <usize>r * ldx + (<usize>c << 2)));
        }
      }
    }
  }
}
