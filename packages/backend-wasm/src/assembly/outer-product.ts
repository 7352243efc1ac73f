// C = Aᵀ·B or C += Aᵀ·B: A [k, m], B [k, n], C [m, n], summed over rows: the gradient of a weight.
//
// Every output is the sum of blocks of `kBlock` rows, each a chain of multiply-adds over ascending rows that starts from
// zero: a long sum stays accurate, and bits depend on neither the rectangle nor the threads.
import { fma } from 'kernel/simd';
import { shareStartOf, smaller } from 'kernel/split';
import { packColumnGroups, packColumnPanels } from './column-panels';

/** Rows of a block: a panel of B (8 KB) and a group of A (4 KB) stay in the first-level cache. */
const kBlock: i32 = 256;
/** Columns of A at once: 128 KB of a second-level cache. */
const mBlock: i32 = 128;
/** Columns of B at once: 256 KB. */
const nBlock: i32 = 256;

const tileBytes: i32 = 128;
/** Bytes of scratch memory a thread: outputs of a tile at the edge, a block of A, a block of B. The host computes the same. */
export const outerProductScratchBytes: i32 = tileBytes + kBlock * mBlock * 4 + kBlock * nBlock * 4;

/** This thread's share of C: threads share the longer side, so that the shorter one is packed again by each. */
export function outerProductShare(
  a: usize,
  b: usize,
  c: usize,
  k: i32,
  m: i32,
  n: i32,
  add: bool,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  let mStart = 0;
  let mEnd = m;
  let nStart = 0;
  let nEnd = n;
  if (m >= n) {
    mStart = shareStartOf(m, 4, thread, threads);
    mEnd = shareStartOf(m, 4, thread + 1, threads);
  } else {
    nStart = shareStartOf(n, 16, thread, threads);
    nEnd = shareStartOf(n, 16, thread + 1, threads);
  }
  if (mStart >= mEnd || nStart >= nEnd) return;
  if (k > 0) outerProduct(a, b, c, k, m, n, mStart, mEnd, nStart, nEnd, add, scratch);
  else if (!add) {
    for (let row = mStart; row < mEnd; row++) {
      memory.fill(c + (<usize>row * <usize>n + <usize>nStart << 2), 0, <usize>(nEnd - nStart) << 2);
    }
  }
}

/** Rows [mStart, mEnd) and columns [nStart, nEnd) of C, k > 0. */
function outerProduct(
  a: usize,
  b: usize,
  c: usize,
  k: i32,
  m: i32,
  n: i32,
  mStart: i32,
  mEnd: i32,
  nStart: i32,
  nEnd: i32,
  add: bool,
  scratch: usize,
): void {
  const lda = <usize>m << 2;
  const ldb = <usize>n << 2;
  const packedA = scratch + tileBytes;
  const packedB = packedA + <usize>(kBlock * mBlock * 4);
  for (let column = nStart; column < nEnd; column += nBlock) {
    const columns = smaller(nBlock, nEnd - column);
    for (let k0 = 0; k0 < k; k0 += kBlock) {
      const kc = smaller(kBlock, k - k0);
      const store = !add && k0 == 0;
      packColumnPanels(b + <usize>k0 * ldb + (<usize>column << 2), ldb, kc, columns, packedB);
      for (let row = mStart; row < mEnd; row += mBlock) {
        const rows = smaller(mBlock, mEnd - row);
        packColumnGroups(a + <usize>k0 * lda + (<usize>row << 2), lda, kc, rows, packedA);
        block(kc, packedA, packedB, c + <usize>row * ldb + (<usize>column << 2), ldb, rows, columns, store, scratch);
      }
    }
  }
}

function block(
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  rows: i32,
  columns: i32,
  first: bool,
  scratch: usize,
): void {
  const groupBytes = <usize>k << 4;
  const panelBytes = <usize>k << 5;
  for (let column = 0; column < columns; column += 8) {
    const width = smaller(8, columns - column);
    let group = a;
    for (let row = 0; row < rows; row += 4) {
      const height = smaller(4, rows - row);
      const to = c + <usize>row * ldc + (<usize>column << 2);
      if (width == 8 && height == 4) tile(k, group, b, to, ldc, first);
      else {
        tile(k, group, b, scratch, 32, true);
        for (let r = 0; r < height; r++) storeEdge(scratch + <usize>(r << 5), to + <usize>r * ldc, width, first);
      }
      group += groupBytes;
    }
    b += panelBytes;
  }
}

function storeEdge(from: usize, to: usize, count: i32, first: bool): void {
  for (let i = 0; i < count; i++) {
    const value = load<f32>(from);
    store<f32>(to, first ? value : load<f32>(to) + value);
    from += 4;
    to += 4;
  }
}

/** 4 columns of A by 8 of B. `first`: C is written, not added to. Not unrolled by hand: see `linear-tiles.ts`. */
function tile(k: i32, a: usize, b: usize, c: usize, ldc: usize, first: bool): void {
  let s00 = i32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  let x: v128;
  let w0: v128;
  let w1: v128;
  do {
    w0 = v128.load(b);
    w1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    s00 = fma(x, w0, s00);
    s01 = fma(x, w1, s01);
    x = v128.load32_splat(a, 4);
    s10 = fma(x, w0, s10);
    s11 = fma(x, w1, s11);
    x = v128.load32_splat(a, 8);
    s20 = fma(x, w0, s20);
    s21 = fma(x, w1, s21);
    x = v128.load32_splat(a, 12);
    s30 = fma(x, w0, s30);
    s31 = fma(x, w1, s31);
    a += 16;
    b += 32;
  } while (--k);
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  const c3 = c2 + ldc;
  if (!first) {
    s00 = f32x4.add(v128.load(c), s00);
    s01 = f32x4.add(v128.load(c, 16), s01);
    s10 = f32x4.add(v128.load(c1), s10);
    s11 = f32x4.add(v128.load(c1, 16), s11);
    s20 = f32x4.add(v128.load(c2), s20);
    s21 = f32x4.add(v128.load(c2, 16), s21);
    s30 = f32x4.add(v128.load(c3), s30);
    s31 = f32x4.add(v128.load(c3, 16), s31);
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}
