// y = x·Wᵀ over a rectangle of rows and panels: blocks sized for the caches, register tiles inside.
import { ceilDivide, smaller } from 'kernel/split';
import { tile1x1, tile1x4, tile2x1, tile2x2, tile2x3, tile3x1, tile4x1 } from './linear-tiles';
import { aheadBytes, beginAhead, panelsAtOnce, readNow } from './read-ahead';

/** Longest block of k that all panels take before they take the next one. */
const kBlock: i32 = 1024;
/**
 * Steps of k that all rows take before they take the next ones: two pages of each panel, which stay in the first-level cache
 * meanwhile. Less is not worth reading ahead.
 */
const kPart: i32 = 256;
/** Rows of a block: with a block of k they take 128 KB of a second-level cache. */
const rowBlock: i32 = 32;
/** Panels that rows in twos or fours take before the rows left over do: threes and fours. */
const panelGroup: i32 = 12;

const tileBytes: i32 = 128;
/** Bytes of scratch memory a thread needs: the outputs of a last panel that is not full, and what is read ahead. */
export const linearScratchBytes: i32 = tileBytes + aheadBytes;

/**
 * Rows [rowStart, rowEnd) of x [rows, k] times panels [panelStart, panelEnd) → y [rows, out]. `scratch` is this thread's
 * own. Bits depend on neither the rectangle nor the blocks. `wide`: tiles of two rows by three panels are fast here.
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
  wide: bool,
  scratch: usize,
): void {
  if (k == 0) return;
  const ldx = <usize>k << 2;
  const ldw = <usize>k << 5;
  const ldy = <usize>out << 2;
  const ahead = scratch + tileBytes;
  const full = smaller(panelEnd, out >> 3);
  // a multiply-add in two instructions needs a register more
  if (!ASC_FEATURE_RELAXED_SIMD) wide = false;
  const evenBlock = ceilDivide(k, ceilDivide(k, kBlock) << 3) << 3;
  for (let r = rowStart; r < rowEnd; r += rowBlock) {
    const rows = smaller(rowBlock, rowEnd - r);
    const grouped = rows & (wide ? -2 : -4);
    // the rows of a block that has no others are bound by reading the weights: whole columns in one go keep the streams long
    const block = grouped ? evenBlock : k;
    for (let k0 = 0; k0 < k; k0 += block) {
      const kc = smaller(block, k - k0);
      const first = k0 == 0;
      const a = x + <usize>r * ldx + (<usize>k0 << 2);
      const c = y + <usize>r * ldy;
      const column = w + (<usize>k0 << 5);
      const reads = grouped != 0 && kc >= kPart;
      if (reads && panelStart < full) {
        const panels = smaller(panelsAtOnce, full - panelStart);
        readNow(ahead, beginAhead(ahead, column + <usize>panelStart * ldw, ldw, panels, <usize>partOf(kc, 0) << 5));
      }
      for (let p = panelStart; p < full; p += panelGroup) {
        const end = smaller(full, p + panelGroup);
        if (grouped) {
          for (let q = p; q < end; q += panelsAtOnce) {
            const b = column + <usize>q * ldw;
            const to = c + (<usize>q << 5);
            groupedRows(kc, a, ldx, b, ldw, to, ldy, first, grouped, wide, full - q, reads ? ahead : 0);
          }
        }
        if (grouped < rows) {
          const from = a + <usize>grouped * ldx;
          const to = c + <usize>grouped * ldy + (<usize>p << 5);
          restOfRows(kc, from, ldx, column + <usize>p * ldw, ldw, to, ldy, first, rows - grouped, end - p);
        }
      }
      if (full < panelEnd) {
        partialPanel(kc, a, ldx, column + <usize>full * ldw, c + (<usize>full << 5), ldy, first, rows, out & 7, scratch);
      }
    }
  }
}

/** Steps of k in the part from k0 on: the last part takes what is left over. */
function partOf(kc: i32, k0: i32): i32 {
  return kc - k0 < kPart << 1 ? kc - k0 : kPart;
}

/**
 * Rows in twos or fours times the first of `left` panels. With `ahead`, the part that comes next, of these panels or of those
 * after them, is read from memory meanwhile.
 */
function groupedRows(
  kc: i32,
  a: usize,
  ldx: usize,
  b: usize,
  ldw: usize,
  c: usize,
  ldy: usize,
  first: bool,
  rows: i32,
  wide: bool,
  left: i32,
  ahead: usize,
): void {
  const panels = smaller(panelsAtOnce, left);
  const tiles = wide ? rows >> 1 : (rows >> 2) * panels;
  let k0 = 0;
  while (k0 < kc) {
    const part = partOf(kc, k0);
    const next = k0 + part;
    const from = a + (<usize>k0 << 2);
    const column = b + (<usize>k0 << 5);
    const startsAtZero = first && k0 == 0;
    let looks = 0;
    if (ahead) {
      if (next < kc) looks = beginAhead(ahead, b + (<usize>next << 5), ldw, panels, <usize>partOf(kc, next) << 5);
      else if (left > panels) {
        const bytes = <usize>partOf(kc, 0) << 5;
        looks = beginAhead(ahead, b + <usize>panels * ldw, ldw, left - panels, bytes);
      }
    }
    const soon = looks ? ahead : 0;
    const every = looks ? ceilDivide(tiles * part, looks) : part;
    if (wide) twos(part, from, ldx, column, ldw, c, ldy, startsAtZero, rows, panels, soon, every);
    else fours(part, from, ldx, column, ldw, c, ldy, startsAtZero, rows, panels, soon, every);
    k0 = next;
  }
}

/** Rows in twos times one to three panels. */
function twos(
  k: i32,
  a: usize,
  ldx: usize,
  b: usize,
  ldw: usize,
  c: usize,
  ldy: usize,
  first: bool,
  rows: i32,
  panels: i32,
  ahead: usize,
  every: i32,
): void {
  for (; rows > 0; rows -= 2) {
    if (panels == 3) tile2x3(k, a, ldx, b, ldw, c, ldy, first, ahead, every);
    else if (panels == 2) tile2x2(k, a, ldx, b, ldw, c, ldy, first);
    else tile2x1(k, a, ldx, b, ldw, c, ldy, first);
    a += ldx << 1;
    c += ldy << 1;
  }
}

/** Rows in fours times one to three panels. */
function fours(
  k: i32,
  a: usize,
  ldx: usize,
  b: usize,
  ldw: usize,
  c: usize,
  ldy: usize,
  first: bool,
  rows: i32,
  panels: i32,
  ahead: usize,
  every: i32,
): void {
  for (; rows > 0; rows -= 4) {
    for (let p = 0; p < panels; p++) {
      tile4x1(k, a, ldx, b + <usize>p * ldw, c + (<usize>p << 5), ldy, first, ahead, every);
    }
    a += ldx << 2;
    c += ldy << 2;
  }
}

/** One to three rows times a group of panels. */
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
  let p = 0;
  if (rows == 1) {
    for (; p + 4 <= panels; p += 4) tile1x4(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
    for (; p < panels; p++) tile1x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
  } else if (rows == 2) {
    for (; p + 2 <= panels; p += 2) tile2x2(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
    if (p < panels) tile2x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
  } else if (rows == 3) {
    for (; p < panels; p++) tile3x1(kc, a, ldx, b + <usize>p * ldw, ldw, c + (<usize>p << 5), ldy, first);
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
    if (count == 4) tile4x1(kc, from, ldx, b, scratch, 32, first, 0, kc);
    else if (count == 3) tile3x1(kc, from, ldx, b, 0, scratch, 32, first);
    else if (count == 2) tile2x1(kc, from, ldx, b, 0, scratch, 32, first);
    else tile1x1(kc, from, ldx, b, 0, scratch, 32, first);
    for (let i = 0; i < count; i++) {
      memory.copy(to + <usize>i * ldy, scratch + (<usize>i << 5), <usize>columns << 2);
    }
  }
}
