// The register tile of all products of the chunkwise form: 4 rows by one panel of 8 columns.
//
// Not unrolled by hand and tested at the bottom, on purpose: the engine keeps all eight sums in registers only this way.
import { fma, splat } from 'kernel/simd';

/**
 * c = factor c + sum over k of a[., k] b[k, .]
 *
 * a: first element, `row` bytes from row to row, `step` bytes from k to k · b: 32 bytes from k to k · c: `target` bytes from
 * row to row · factors: one float a row, or 0 to start from zero whatever c holds.
 */
export function tile(
  k: i32,
  a: usize,
  row: usize,
  step: usize,
  b: usize,
  c: usize,
  target: usize,
  factors: usize,
): void {
  const c1 = c + target;
  const c2 = c1 + target;
  const c3 = c2 + target;
  let s00: v128;
  let s01: v128;
  let s10: v128;
  let s11: v128;
  let s20: v128;
  let s21: v128;
  let s30: v128;
  let s31: v128;
  if (factors == 0) {
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
    s00 = f32x4.mul(splat(factors), v128.load(c));
    s01 = f32x4.mul(splat(factors), v128.load(c, 16));
    s10 = f32x4.mul(splat(factors, 4), v128.load(c1));
    s11 = f32x4.mul(splat(factors, 4), v128.load(c1, 16));
    s20 = f32x4.mul(splat(factors, 8), v128.load(c2));
    s21 = f32x4.mul(splat(factors, 8), v128.load(c2, 16));
    s30 = f32x4.mul(splat(factors, 12), v128.load(c3));
    s31 = f32x4.mul(splat(factors, 12), v128.load(c3, 16));
  }
  let a1 = a + row;
  let a2 = a1 + row;
  let a3 = a2 + row;
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
    a += step;
    a1 += step;
    a2 += step;
    a3 += step;
    b += 32;
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
