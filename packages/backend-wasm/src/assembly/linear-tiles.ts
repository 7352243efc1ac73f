// Register tiles of `linear`: rows of x times panels of 8 outputs.
//
// Every output is one chain of multiply-adds over ascending k that starts from zero, or from the stored output where an
// earlier block of k left off. So all tiles, block lengths and row counts give the same bits.
//
// k: inner length · a, lda: first row of x and bytes from row to row · b, ldb: first panel and bytes from panel to panel ·
// c, ldc: first output and bytes from row to row · first: start from zero · ahead, every: what is multiplied soon or 0,
// and the steps of k from one look at it to the next (`read-ahead.ts`).
//
// Not unrolled by hand, on purpose: V8 then schedules loads of several steps early and spills accumulators (35 instead of
// 50 GFLOP/s on Zen 4). Loops test at the bottom: older engines keep such loops free of an extra jump.
import { fma } from 'kernel/simd';
import { smaller } from 'kernel/split';
import { readAhead } from './read-ahead';

/** 4 rows by 1 panel. */
export function tile4x1(
  k: i32,
  a: usize,
  lda: usize,
  b: usize,
  c: usize,
  ldc: usize,
  first: bool,
  ahead: usize,
  every: i32,
): void {
  let a1 = a + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  const c3 = c2 + ldc;
  let s000: v128;
  let s001: v128;
  let s100: v128;
  let s101: v128;
  let s200: v128;
  let s201: v128;
  let s300: v128;
  let s301: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s000 = zero;
    s001 = zero;
    s100 = zero;
    s101 = zero;
    s200 = zero;
    s201 = zero;
    s300 = zero;
    s301 = zero;
  } else {
    s000 = v128.load(c);
    s001 = v128.load(c, 16);
    s100 = v128.load(c1);
    s101 = v128.load(c1, 16);
    s200 = v128.load(c2);
    s201 = v128.load(c2, 16);
    s300 = v128.load(c3);
    s301 = v128.load(c3, 16);
  }
  let x: v128;
  let w0: v128;
  let w1: v128;
  while (k > 0) {
    const steps = smaller(k, every);
    const stop = b + (<usize>steps << 5);
    k -= steps;
    if (ahead) readAhead(ahead);
    do {
      w0 = v128.load(b);
      w1 = v128.load(b, 16);
      x = v128.load32_splat(a);
      s000 = fma(x, w0, s000);
      s001 = fma(x, w1, s001);
      x = v128.load32_splat(a1);
      s100 = fma(x, w0, s100);
      s101 = fma(x, w1, s101);
      x = v128.load32_splat(a2);
      s200 = fma(x, w0, s200);
      s201 = fma(x, w1, s201);
      x = v128.load32_splat(a3);
      s300 = fma(x, w0, s300);
      s301 = fma(x, w1, s301);
      a += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
      b += 32;
    } while (b < stop);
  }
  v128.store(c, s000);
  v128.store(c, s001, 16);
  v128.store(c1, s100);
  v128.store(c1, s101, 16);
  v128.store(c2, s200);
  v128.store(c2, s201, 16);
  v128.store(c3, s300);
  v128.store(c3, s301, 16);
}

/**
 * 2 rows by 3 panels. Twelve chains keep the multiply-adders of a core busy where eight wait for each other, but they and their
 * operands take all 15 registers.
 */
export function tile2x3(
  k: i32,
  a: usize,
  lda: usize,
  b: usize,
  ldb: usize,
  c: usize,
  ldc: usize,
  first: bool,
  ahead: usize,
  every: i32,
): void {
  let a1 = a + lda;
  let b1 = b + ldb;
  let b2 = b1 + ldb;
  const c1 = c + ldc;
  let s000: v128;
  let s001: v128;
  let s010: v128;
  let s011: v128;
  let s020: v128;
  let s021: v128;
  let s100: v128;
  let s101: v128;
  let s110: v128;
  let s111: v128;
  let s120: v128;
  let s121: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s000 = zero;
    s001 = zero;
    s010 = zero;
    s011 = zero;
    s020 = zero;
    s021 = zero;
    s100 = zero;
    s101 = zero;
    s110 = zero;
    s111 = zero;
    s120 = zero;
    s121 = zero;
  } else {
    s000 = v128.load(c, 0);
    s001 = v128.load(c, 16);
    s010 = v128.load(c, 32);
    s011 = v128.load(c, 48);
    s020 = v128.load(c, 64);
    s021 = v128.load(c, 80);
    s100 = v128.load(c1, 0);
    s101 = v128.load(c1, 16);
    s110 = v128.load(c1, 32);
    s111 = v128.load(c1, 48);
    s120 = v128.load(c1, 64);
    s121 = v128.load(c1, 80);
  }
  let x0: v128;
  let x1: v128;
  let w: v128;
  while (k > 0) {
    const steps = smaller(k, every);
    const stop = b + (<usize>steps << 5);
    k -= steps;
    if (ahead) readAhead(ahead);
    do {
      x0 = v128.load32_splat(a);
      x1 = v128.load32_splat(a1);
      w = v128.load(b, 0);
      s000 = fma(x0, w, s000);
      s100 = fma(x1, w, s100);
      w = v128.load(b, 16);
      s001 = fma(x0, w, s001);
      s101 = fma(x1, w, s101);
      w = v128.load(b1, 0);
      s010 = fma(x0, w, s010);
      s110 = fma(x1, w, s110);
      w = v128.load(b1, 16);
      s011 = fma(x0, w, s011);
      s111 = fma(x1, w, s111);
      w = v128.load(b2, 0);
      s020 = fma(x0, w, s020);
      s120 = fma(x1, w, s120);
      w = v128.load(b2, 16);
      s021 = fma(x0, w, s021);
      s121 = fma(x1, w, s121);
      a += 4;
      a1 += 4;
      b += 32;
      b1 += 32;
      b2 += 32;
    } while (b < stop);
  }
  v128.store(c, s000, 0);
  v128.store(c, s001, 16);
  v128.store(c, s010, 32);
  v128.store(c, s011, 48);
  v128.store(c, s020, 64);
  v128.store(c, s021, 80);
  v128.store(c1, s100, 0);
  v128.store(c1, s101, 16);
  v128.store(c1, s110, 32);
  v128.store(c1, s111, 48);
  v128.store(c1, s120, 64);
  v128.store(c1, s121, 80);
}

/** 3 rows by 1 panel. */
export function tile3x1(k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, first: bool): void {
  let a1 = a + lda;
  let a2 = a1 + lda;
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  let s000: v128;
  let s001: v128;
  let s100: v128;
  let s101: v128;
  let s200: v128;
  let s201: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s000 = zero;
    s001 = zero;
    s100 = zero;
    s101 = zero;
    s200 = zero;
    s201 = zero;
  } else {
    s000 = v128.load(c);
    s001 = v128.load(c, 16);
    s100 = v128.load(c1);
    s101 = v128.load(c1, 16);
    s200 = v128.load(c2);
    s201 = v128.load(c2, 16);
  }
  let x: v128;
  let w0: v128;
  let w1: v128;
  do {
    w0 = v128.load(b);
    w1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    s000 = fma(x, w0, s000);
    s001 = fma(x, w1, s001);
    x = v128.load32_splat(a1);
    s100 = fma(x, w0, s100);
    s101 = fma(x, w1, s101);
    x = v128.load32_splat(a2);
    s200 = fma(x, w0, s200);
    s201 = fma(x, w1, s201);
    a += 4;
    a1 += 4;
    a2 += 4;
    b += 32;
  } while (--k);
  v128.store(c, s000);
  v128.store(c, s001, 16);
  v128.store(c1, s100);
  v128.store(c1, s101, 16);
  v128.store(c2, s200);
  v128.store(c2, s201, 16);
}

/** 2 rows by 2 panels. */
export function tile2x2(k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, first: bool): void {
  let a1 = a + lda;
  let b1 = b + ldb;
  const c1 = c + ldc;
  let s000: v128;
  let s001: v128;
  let s010: v128;
  let s011: v128;
  let s100: v128;
  let s101: v128;
  let s110: v128;
  let s111: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s000 = zero;
    s001 = zero;
    s010 = zero;
    s011 = zero;
    s100 = zero;
    s101 = zero;
    s110 = zero;
    s111 = zero;
  } else {
    s000 = v128.load(c);
    s001 = v128.load(c, 16);
    s010 = v128.load(c, 32);
    s011 = v128.load(c, 48);
    s100 = v128.load(c1);
    s101 = v128.load(c1, 16);
    s110 = v128.load(c1, 32);
    s111 = v128.load(c1, 48);
  }
  let x: v128;
  let w0: v128;
  let x1: v128;
  do {
    x = v128.load32_splat(a);
    x1 = v128.load32_splat(a1);
    w0 = v128.load(b);
    s000 = fma(x, w0, s000);
    s100 = fma(x1, w0, s100);
    w0 = v128.load(b, 16);
    s001 = fma(x, w0, s001);
    s101 = fma(x1, w0, s101);
    w0 = v128.load(b1);
    s010 = fma(x, w0, s010);
    s110 = fma(x1, w0, s110);
    w0 = v128.load(b1, 16);
    s011 = fma(x, w0, s011);
    s111 = fma(x1, w0, s111);
    a += 4;
    a1 += 4;
    b += 32;
    b1 += 32;
  } while (--k);
  v128.store(c, s000);
  v128.store(c, s001, 16);
  v128.store(c, s010, 32);
  v128.store(c, s011, 48);
  v128.store(c1, s100);
  v128.store(c1, s101, 16);
  v128.store(c1, s110, 32);
  v128.store(c1, s111, 48);
}

/** 2 rows by 1 panel. */
export function tile2x1(k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, first: bool): void {
  let a1 = a + lda;
  const c1 = c + ldc;
  let s000: v128;
  let s001: v128;
  let s100: v128;
  let s101: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s000 = zero;
    s001 = zero;
    s100 = zero;
    s101 = zero;
  } else {
    s000 = v128.load(c);
    s001 = v128.load(c, 16);
    s100 = v128.load(c1);
    s101 = v128.load(c1, 16);
  }
  let x: v128;
  let w0: v128;
  let w1: v128;
  do {
    w0 = v128.load(b);
    w1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    s000 = fma(x, w0, s000);
    s001 = fma(x, w1, s001);
    x = v128.load32_splat(a1);
    s100 = fma(x, w0, s100);
    s101 = fma(x, w1, s101);
    a += 4;
    a1 += 4;
    b += 32;
  } while (--k);
  v128.store(c, s000);
  v128.store(c, s001, 16);
  v128.store(c1, s100);
  v128.store(c1, s101, 16);
}

/** 1 row by 4 panels. */
export function tile1x4(k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, first: bool): void {
  let b1 = b + ldb;
  let b2 = b1 + ldb;
  let b3 = b2 + ldb;
  let s000: v128;
  let s001: v128;
  let s010: v128;
  let s011: v128;
  let s020: v128;
  let s021: v128;
  let s030: v128;
  let s031: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s000 = zero;
    s001 = zero;
    s010 = zero;
    s011 = zero;
    s020 = zero;
    s021 = zero;
    s030 = zero;
    s031 = zero;
  } else {
    s000 = v128.load(c);
    s001 = v128.load(c, 16);
    s010 = v128.load(c, 32);
    s011 = v128.load(c, 48);
    s020 = v128.load(c, 64);
    s021 = v128.load(c, 80);
    s030 = v128.load(c, 96);
    s031 = v128.load(c, 112);
  }
  let x: v128;
  do {
    x = v128.load32_splat(a);
    s000 = fma(x, v128.load(b), s000);
    s001 = fma(x, v128.load(b, 16), s001);
    s010 = fma(x, v128.load(b1), s010);
    s011 = fma(x, v128.load(b1, 16), s011);
    s020 = fma(x, v128.load(b2), s020);
    s021 = fma(x, v128.load(b2, 16), s021);
    s030 = fma(x, v128.load(b3), s030);
    s031 = fma(x, v128.load(b3, 16), s031);
    a += 4;
    b += 32;
    b1 += 32;
    b2 += 32;
    b3 += 32;
  } while (--k);
  v128.store(c, s000);
  v128.store(c, s001, 16);
  v128.store(c, s010, 32);
  v128.store(c, s011, 48);
  v128.store(c, s020, 64);
  v128.store(c, s021, 80);
  v128.store(c, s030, 96);
  v128.store(c, s031, 112);
}

/** 1 row by 1 panel. */
export function tile1x1(k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, first: bool): void {
  let s000: v128;
  let s001: v128;
  if (first) {
    const zero = i32x4.splat(0);
    s000 = zero;
    s001 = zero;
  } else {
    s000 = v128.load(c);
    s001 = v128.load(c, 16);
  }
  let x: v128;
  do {
    x = v128.load32_splat(a);
    s000 = fma(x, v128.load(b), s000);
    s001 = fma(x, v128.load(b, 16), s001);
    a += 4;
    b += 32;
  } while (--k);
  v128.store(c, s000);
  v128.store(c, s001, 16);
}
