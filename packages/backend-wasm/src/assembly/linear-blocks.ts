// y = x·Wᵀ over a rectangle of rows and panels: blocks sized for the caches, register tiles inside.
import { ceilDivide, smaller } from 'kernel/split';
import {
  tile1x1,
  tile1x4,
  tile2x1,
  tile2x2,
  tile3x1,
  tile4x1,
  tile4x1Packed,
  tile6x1Packed,
} from './linear-tiles';
import { interleaveFours, interleaveSixes } from './panels';
import { beginAtPages, planAhead, planBytes } from './read-ahead';

/** Longest block of k: long streams of weights, and a panel's part (32 KB) near the first-level cache. */
const kBlock: i32 = 1024;
/** Rows of a block: sixes or fours, which with a block of k take 144 KB of a second-level cache. */
const rowBlock: i32 = 36;
/** Panels that rows in groups take before the rows left over do. */
const panelGroup: i32 = 4;
/** Panels that a tile's rows take one after the other: a cache line of y. */
const panelsAtOnce: i32 = 2;
/** From this many panels on it pays to interleave the rows of a block first. */
const panelsToPack: i32 = 8;

const tileBytes: i32 = 128;
/** Bytes of scratch memory a thread needs: the outputs of a last panel that is not full, a plan, a block's rows interleaved. */
export const linearScratchBytes: i32 = tileBytes + planBytes + rowBlock * kBlock * 4;

/**
 * Rows [rowStart, rowEnd) of x [rows, k] times panels [panelStart, panelEnd) → y [rows, out]. `scratch` is this thread's
 * own. Bits depend on neither the rectangle nor the blocks. `tall`: tiles of six rows are fast here.
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
  tall: bool,
  scratch: usize,
): void {
  if (k == 0) return;
  const ldx = <usize>k << 2;
  const ldw = <usize>k << 5;
  const ldy = <usize>out << 2;
  const plan = scratch + tileBytes;
  const packed = plan + planBytes;
  const full = smaller(panelEnd, out >> 3);
  const packs = full - panelStart >= panelsToPack;
  const evenBlock = ceilDivide(k, ceilDivide(k, kBlock) << 3) << 3;
  for (let r = rowStart; r < rowEnd; r += rowBlock) {
    const rows = smaller(rowBlock, rowEnd - r);
    const sixes = packs && tall && ASC_FEATURE_RELAXED_SIMD ? sixesOf(rows) : 0;
    const fours = (rows - sixes * 6) >> 2;
    const whole = sixes * 6 + (fours << 2);
    // one to three rows are bound by reading the weights: whole columns in one go keep the streams long
    const block = whole ? evenBlock : k;
    for (let k0 = 0; k0 < k; k0 += block) {
      const kc = smaller(block, k - k0);
      const first = k0 == 0;
      const a = x + <usize>r * ldx + (<usize>k0 << 2);
      const c = y + <usize>r * ldy;
      const column = w + (<usize>k0 << 5);
      if (packs) interleaveRows(a, ldx, packed, sixes, fours, kc);
      const looks = packs && whole ? planAhead(plan, column, kc, ldw) : 0;
      for (let p = panelStart; p < full; p += panelGroup) {
        const panels = smaller(panelGroup, full - p);
        const b = column + <usize>p * ldw;
        const to = c + (<usize>p << 5);
        if (packs) {
          for (let q = 0; q < panels; q += panelsAtOnce) {
            const left = full - p - q;
            packedRows(kc, packed, b + <usize>q * ldw, ldw, to + (<usize>q << 5), ldy, first, sixes, fours, left, plan, looks);
          }
        } else if (fours) fourRows(kc, a, ldx, b, ldw, to, ldy, first, fours, panels);
        if (whole < rows) {
          const below = <usize>whole * ldy;
          restOfRows(kc, a + <usize>whole * ldx, ldx, b, ldw, to + below, ldy, first, rows - whole, panels);
        }
      }
      if (full < panelEnd) {
        partialPanel(kc, a, ldx, column + <usize>full * ldw, c + (<usize>full << 5), ldy, first, rows, out & 7, scratch);
      }
    }
  }
}

/** How many of `rows` go into tiles of six, so that the others go into tiles of four, but for one to three. */
function sixesOf(rows: i32): i32 {
  const even = rows & 1 ? rows - 3 : rows;
  if (even < 6) return 0;
  return even / 6 - (even % 6 == 2 ? 1 : 0);
}

function interleaveRows(a: usize, ldx: usize, packed: usize, sixes: i32, fours: i32, kc: i32): void {
  interleaveSixes(a, ldx, packed, sixes, kc);
  interleaveFours(a + <usize>(sixes * 6) * ldx, ldx, packed + <usize>(sixes * 6 * kc << 2), fours, kc);
}

/**
 * Interleaved rows times the first of `left` panels, and the second if there is one, so that whole cache lines of y are
 * written. The panels after these are read from memory meanwhile.
 */
function packedRows(
  kc: i32,
  packed: usize,
  b: usize,
  ldw: usize,
  c: usize,
  ldy: usize,
  first: bool,
  sixes: i32,
  fours: i32,
  left: i32,
  plan: usize,
  looks: i32,
): void {
  const groups = sixes + fours;
  const panels = smaller(panelsAtOnce, left);
  const tiles = groups * panelsAtOnce;
  // a panel more where looks go by pages that panels share
  const wanted = panelsAtOnce * 2 + (beginAtPages(b, ldw) ? 0 : 1);
  const ahead = looks && left >= wanted ? b + ldw * panelsAtOnce : 0;
  // rounded up: a tile ends before its looks do, and the last one within the plan
  const every = ahead ? ceilDivide(tiles * kc, looks) : kc;
  for (let group = 0; group < groups; group++) {
    const isSix = group < sixes;
    for (let p = 0; p < panels; p++) {
      const from = b + <usize>p * ldw;
      const to = c + (<usize>p << 5);
      const look = plan + (<usize>(((group * panelsAtOnce + p) * looks) / tiles) << 2);
      if (isSix) tile6x1Packed(kc, packed, from, to, ldy, first, ahead, look, every);
      else tile4x1Packed(kc, packed, from, to, ldy, first, ahead, look, every);
    }
    const rows = isSix ? 6 : 4;
    packed += <usize>(kc * rows << 2);
    c += ldy * rows;
  }
}

/** Rows in fours, as they are, times up to four panels. */
function fourRows(
  kc: i32,
  a: usize,
  ldx: usize,
  b: usize,
  ldw: usize,
  c: usize,
  ldy: usize,
  first: bool,
  fours: i32,
  panels: i32,
): void {
  for (; fours > 0; fours--) {
    for (let p = 0; p < panels; p++) tile4x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
    a += ldx << 2;
    c += ldy << 2;
  }
}

/** One to three rows times up to four panels. */
function restOfRows(
  kc: i32,
  a: usize,
  ldx: usize,
  b: usize,
  ldw: usize,
  c: usize,
  ldy: usize,
  first: bool,
  rows: i32,
  panels: i32,
): void {
  if (rows == 1) {
    if (panels == panelGroup) tile1x4(kc, a, ldx, b, ldw, c, ldy, first);
    else {
      for (let p = 0; p < panels; p++) {
        tile1x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
      }
    }
  } else if (rows == 2) {
    let p = 0;
    for (; p + 2 <= panels; p += 2) tile2x2(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
    if (p < panels) tile2x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
  } else if (rows == 3) {
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
