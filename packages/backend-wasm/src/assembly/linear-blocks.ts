// y = x·Wᵀ over a rectangle of rows and panels: blocks sized for the caches, register tiles inside.
import { smaller } from 'kernel/split';
import { tile1x1, tile1x4, tile2x1, tile2x2, tile3x1, tile4x1, tile4x1Packed } from './linear-tiles';
import { interleaveRows } from './panels';

/** Length of a block of k: long streams of weights, and two panels' parts (32 KB) near the first-level cache. */
const kBlock: i32 = 512;
/** Rows of a block: with a block of k they take 64 KB of a second-level cache. */
const rowBlock: i32 = 32;
/** Panels that tail rows take at once. */
const panelGroup: i32 = 4;

/** Panels that whole rows take at once: a cache line of y. */
const panelsAtOnce: i32 = 2;
/** From this many panels on it pays to interleave the rows of a block first. */
const panelsToPack: i32 = 8;

const tileBytes: i32 = 128;
/** Bytes of scratch memory a thread needs: the outputs of a last panel that is not full, and a block's rows interleaved. */
export const linearScratchBytes: i32 = tileBytes + rowBlock * kBlock * 4;

/**
 * Rows [rowStart, rowEnd) of x [rows, k] times panels [panelStart, panelEnd) → y [rows, out]. `scratch` is this thread's
 * own. Bits depend on neither the rectangle nor the blocks.
 */
export function multiply(
  x: usize,
  w: usize,
  y: usize,
  k: i32,
  out: i32,
  rowStart: i32,
  rowEnd: i32,
  panelStart: i32,
  panelEnd: i32,
  scratch: usize,
): void {
  const ldx = <usize>k << 2;
  const ldw = <usize>k << 5;
  const ldy = <usize>out << 2;
  const full = smaller(panelEnd, out >> 3);
  for (let r = rowStart; r < rowEnd; r += rowBlock) {
    const rows = smaller(rowBlock, rowEnd - r);
    // one to three rows are bound by reading the weights: whole columns in one go keep the streams long
    const block = rows < 4 ? k : kBlock;
    for (let k0 = 0; k0 < k; k0 += block) {
      const kc = smaller(block, k - k0);
      const first = k0 == 0;
      const a = x + <usize>r * ldx + (<usize>k0 << 2);
      const c = y + <usize>r * ldy;
      const packed = rows >= 4 && full - panelStart >= panelsToPack ? scratch + tileBytes : 0;
      if (packed) interleaveRows(a, ldx, packed, rows >> 2, kc);
      for (let p = panelStart; p < full; p += panelGroup) {
        const panels = smaller(panelGroup, full - p);
        const b = w + <usize>p * ldw + (<usize>k0 << 5);
        group(kc, a, packed, ldx, b, ldw, c + (<usize>p << 5), ldy, first, rows, panels);
      }
      if (full < panelEnd) {
        const b = w + <usize>full * ldw + (<usize>k0 << 5);
        partialPanel(kc, a, ldx, b, c + (<usize>full << 5), ldy, first, rows, out & 7, scratch);
      }
    }
  }
}

/** All rows of a block times up to four full panels. `packed`: the rows interleaved in fours, or 0. */
function group(
  kc: i32,
  a: usize,
  packed: usize,
  ldx: usize,
  b: usize,
  ldw: usize,
  c: usize,
  ldy: usize,
  first: bool,
  rows: i32,
  panels: i32,
): void {
  const whole = rows & ~3;
  if (whole) {
    for (let p = 0; p < panels; p += panelsAtOnce) {
      const end = smaller(p + panelsAtOnce, panels);
      for (let r = 0; r < whole; r += 4) {
        const to = c + <usize>r * ldy;
        if (packed) {
          const from = packed + (<usize>r * <usize>kc << 2);
          for (let q = p; q < end; q++) {
            tile4x1Packed(kc, from, b + <usize>q * ldw, to + (<usize>q << 5), ldy, first);
          }
        } else {
          const from = a + <usize>r * ldx;
          for (let q = p; q < end; q++) tile4x1(kc, from, ldx, b + <usize>q * ldw, ldw, to + (<usize>q << 5), ldy, first);
        }
      }
    }
    a += <usize>whole * ldx;
    c += <usize>whole * ldy;
  }
  const rest = rows & 3;
  if (rest == 1) {
    if (panels == panelGroup) tile1x4(kc, a, ldx, b, ldw, c, ldy, first);
    else {
      for (let p = 0; p < panels; p++) {
        tile1x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
      }
    }
  } else if (rest == 2) {
    let p = 0;
    for (; p + 2 <= panels; p += 2) tile2x2(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
    if (p < panels) tile2x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
  } else if (rest == 3) {
    for (let p = 0; p < panels; p++) tile3x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
  }
}

/** A last panel of `columns` < 8 outputs goes through scratch memory, so that nothing is written beyond a row's end. */
function partialPanel(
  kc: i32,
  a: usize,
  ldx: usize,
  b: usize,
  c: usize,
  ldy: usize,
  first: bool,
  rows: i32,
  columns: i32,
  scratch: usize,
): void {
  for (let r = 0; r < rows; r += 4) {
    const count = smaller(4, rows - r);
    const from = a + <usize>r * ldx;
    const to = c + <usize>r * ldy;
    if (!first) {
      for (let i = 0; i < count; i++) {
        memory.copy(scratch + (<usize>i << 5), to + <usize>i * ldy, <usize>columns << 2);
      }
    }
    if (count == 4) tile4x1(kc, from, ldx, b, 0, scratch, 32, first);
    else if (count == 3) tile3x1(kc, from, ldx, b, 0, scratch, 32, first);
    else if (count == 2) tile2x1(kc, from, ldx, b, 0, scratch, 32, first);
    else tile1x1(kc, from, ldx, b, 0, scratch, 32, first);
    for (let i = 0; i < count; i++) {
      memory.copy(to + <usize>i * ldy, scratch + (<usize>i << 5), <usize>columns << 2);
    }
  }
}
