// Register tiles: rows of a times panels of 8 columns of b, c = a·b or c += a·b.
//
// Every element is one chain of multiply-adds over ascending k, from zero or from what is stored, so that all tiles give the
// same bits. Not unrolled by hand, and tested at the bottom: the engine keeps all sums in registers only this way.
//
// k: length > 0 of the chain · a, lda: first row, bytes from row to row · b…: panels · step: bytes of b from k to k · c, ldc:
// first result, bytes from row to row; panels lie 32 bytes apart · first: start from zero.
import { fma } from 'kernel/simd';

export function tile4x1(k: i32, a: usize, lda: usize, b: usize, step: usize, c: usize, ldc: usize, first: bool): void {
  let a1 = a + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  const c3 = c2 + ldc;
  let s00: v128;
  let s01: v128;
  let s10: v128;
  let s11: v128;
  let s20: v128;
  let s21: v128;
  let s30: v128;
  let s31: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s00 = zero;
    s01 = zero;
    s10 = zero;
    s11 = zero;
    s20 = zero;
    s21 = zero;
    s30 = zero;
    s31 = zero;
  } else {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
    s20 = v128.load(c2);
    s21 = v128.load(c2, 16);
    s30 = v128.load(c3);
    s31 = v128.load(c3, 16);
  }
  let x: v128;
  let w0: v128;
  let w1: v128;
  do {
    w0 = v128.load(b);
    w1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    s00 = fma(x, w0, s00);
    s01 = fma(x, w1, s01);
    x = v128.load32_splat(a1);
    s10 = fma(x, w0, s10);
    s11 = fma(x, w1, s11);
    x = v128.load32_splat(a2);
    s20 = fma(x, w0, s20);
    s21 = fma(x, w1, s21);
    x = v128.load32_splat(a3);
    s30 = fma(x, w0, s30);
    s31 = fma(x, w1, s31);
    a += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    b += step;
  } while (--k);
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}

export function tile3x1(k: i32, a: usize, lda: usize, b: usize, step: usize, c: usize, ldc: usize, first: bool): void {
  let a1 = a + lda;
  let a2 = a1 + lda;
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  let s00: v128;
  let s01: v128;
  let s10: v128;
  let s11: v128;
  let s20: v128;
  let s21: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s00 = zero;
    s01 = zero;
    s10 = zero;
    s11 = zero;
    s20 = zero;
    s21 = zero;
  } else {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
    s20 = v128.load(c2);
    s21 = v128.load(c2, 16);
  }
  let x: v128;
  let w0: v128;
  let w1: v128;
  do {
    w0 = v128.load(b);
    w1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    s00 = fma(x, w0, s00);
    s01 = fma(x, w1, s01);
    x = v128.load32_splat(a1);
    s10 = fma(x, w0, s10);
    s11 = fma(x, w1, s11);
    x = v128.load32_splat(a2);
    s20 = fma(x, w0, s20);
    s21 = fma(x, w1, s21);
    a += 4;
    a1 += 4;
    a2 += 4;
    b += step;
  } while (--k);
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
}

/** Two rows, panels b0 and b1. */
export function tile2x2(
  k: i32,
  a: usize,
  lda: usize,
  b0: usize,
  b1: usize,
  step: usize,
  c: usize,
  ldc: usize,
  first: bool,
): void {
  let a1 = a + lda;
  const c1 = c + ldc;
  let s00: v128;
  let s01: v128;
  let s02: v128;
  let s03: v128;
  let s10: v128;
  let s11: v128;
  let s12: v128;
  let s13: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s00 = zero;
    s01 = zero;
    s02 = zero;
    s03 = zero;
    s10 = zero;
    s11 = zero;
    s12 = zero;
    s13 = zero;
  } else {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s02 = v128.load(c, 32);
    s03 = v128.load(c, 48);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
    s12 = v128.load(c1, 32);
    s13 = v128.load(c1, 48);
  }
  let x: v128;
  let y: v128;
  let w: v128;
  do {
    x = v128.load32_splat(a);
    y = v128.load32_splat(a1);
    w = v128.load(b0);
    s00 = fma(x, w, s00);
    s10 = fma(y, w, s10);
    w = v128.load(b0, 16);
    s01 = fma(x, w, s01);
    s11 = fma(y, w, s11);
    w = v128.load(b1);
    s02 = fma(x, w, s02);
    s12 = fma(y, w, s12);
    w = v128.load(b1, 16);
    s03 = fma(x, w, s03);
    s13 = fma(y, w, s13);
    a += 4;
    a1 += 4;
    b0 += step;
    b1 += step;
  } while (--k);
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c, s02, 32);
  v128.store(c, s03, 48);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c1, s12, 32);
  v128.store(c1, s13, 48);
}

export function tile2x1(k: i32, a: usize, lda: usize, b: usize, step: usize, c: usize, ldc: usize, first: bool): void {
  let a1 = a + lda;
  const c1 = c + ldc;
  let s00: v128;
  let s01: v128;
  let s10: v128;
  let s11: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s00 = zero;
    s01 = zero;
    s10 = zero;
    s11 = zero;
  } else {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
  }
  let x: v128;
  let w0: v128;
  let w1: v128;
  do {
    w0 = v128.load(b);
    w1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    s00 = fma(x, w0, s00);
    s01 = fma(x, w1, s01);
    x = v128.load32_splat(a1);
    s10 = fma(x, w0, s10);
    s11 = fma(x, w1, s11);
    a += 4;
    a1 += 4;
    b += step;
  } while (--k);
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
}

/** One row, panels b0 to b3. */
export function tile1x4(
  k: i32,
  a: usize,
  b0: usize,
  b1: usize,
  b2: usize,
  b3: usize,
  step: usize,
  c: usize,
  first: bool,
): void {
  let s0: v128;
  let s1: v128;
  let s2: v128;
  let s3: v128;
  let s4: v128;
  let s5: v128;
  let s6: v128;
  let s7: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s0 = zero;
    s1 = zero;
    s2 = zero;
    s3 = zero;
    s4 = zero;
    s5 = zero;
    s6 = zero;
    s7 = zero;
  } else {
    s0 = v128.load(c);
    s1 = v128.load(c, 16);
    s2 = v128.load(c, 32);
    s3 = v128.load(c, 48);
    s4 = v128.load(c, 64);
    s5 = v128.load(c, 80);
    s6 = v128.load(c, 96);
    s7 = v128.load(c, 112);
  }
  let x: v128;
  do {
    x = v128.load32_splat(a);
    s0 = fma(x, v128.load(b0), s0);
    s1 = fma(x, v128.load(b0, 16), s1);
    s2 = fma(x, v128.load(b1), s2);
    s3 = fma(x, v128.load(b1, 16), s3);
    s4 = fma(x, v128.load(b2), s4);
    s5 = fma(x, v128.load(b2, 16), s5);
    s6 = fma(x, v128.load(b3), s6);
    s7 = fma(x, v128.load(b3, 16), s7);
    a += 4;
    b0 += step;
    b1 += step;
    b2 += step;
    b3 += step;
  } while (--k);
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
  v128.store(c, s4, 64);
  v128.store(c, s5, 80);
  v128.store(c, s6, 96);
  v128.store(c, s7, 112);
}

export function tile1x1(k: i32, a: usize, b: usize, step: usize, c: usize, first: bool): void {
  let s0: v128;
  let s1: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s0 = zero;
    s1 = zero;
  } else {
    s0 = v128.load(c);
    s1 = v128.load(c, 16);
  }
  let x: v128;
  do {
    x = v128.load32_splat(a);
    s0 = fma(x, v128.load(b), s0);
    s1 = fma(x, v128.load(b, 16), s1);
    a += 4;
    b += step;
  } while (--k);
  v128.store(c, s0);
  v128.store(c, s1, 16);
}

/** c += aᵀ·b for four rows of c: a holds them side by side, `lda` bytes from k to k. */
export function tileTransposed(k: i32, a: usize, lda: usize, b: usize, step: usize, c: usize, ldc: usize): void {
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  const c3 = c2 + ldc;
  let s00 = v128.load(c);
  let s01 = v128.load(c, 16);
  let s10 = v128.load(c1);
  let s11 = v128.load(c1, 16);
  let s20 = v128.load(c2);
  let s21 = v128.load(c2, 16);
  let s30 = v128.load(c3);
  let s31 = v128.load(c3, 16);
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
    a += lda;
    b += step;
  } while (--k);
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}
