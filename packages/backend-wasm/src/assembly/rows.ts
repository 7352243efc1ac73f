// Helpers over consecutive floats. `count` is any number >= 0; tails never touch memory beyond it.
import { fma, loadPart, splat, storePart, sumLanes } from 'kernel/simd';

/** Copies floats; the two ranges must not overlap. */
export function copyFloats(from: usize, to: usize, count: i32): void {
  let n = count >> 2;
  while (n > 0) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
    n--;
  }
  n = count & 3;
  if (n) storePart(to, loadPart(from, n), n);
}

/** Sum of squares in a fixed order: four chains of four lanes, then the rest. */
export function sumOfSquares(from: usize, count: i32): f32 {
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let n = count >> 4;
  while (n > 0) {
    const v0 = v128.load(from);
    const v1 = v128.load(from, 16);
    const v2 = v128.load(from, 32);
    const v3 = v128.load(from, 48);
    s0 = fma(v0, v0, s0);
    s1 = fma(v1, v1, s1);
    s2 = fma(v2, v2, s2);
    s3 = fma(v3, v3, s3);
    from += 64;
    n--;
  }
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  n = (count & 15) >> 2;
  while (n > 0) {
    const v = v128.load(from);
    s0 = fma(v, v, s0);
    from += 16;
    n--;
  }
  n = count & 3;
  if (n) {
    const v = loadPart(from, n);
    s0 = fma(v, v, s0);
  }
  return sumLanes(s0);
}

/** to = from · factor, times `weight` where it is not 0. */
export function scaleFloats(from: usize, weight: usize, to: usize, count: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  let n = count >> 2;
  const rest = count & 3;
  if (weight) {
    while (n > 0) {
      v128.store(to, f32x4.mul(f32x4.mul(v128.load(from), f), v128.load(weight)));
      from += 16;
      to += 16;
      weight += 16;
      n--;
    }
    if (rest) storePart(to, f32x4.mul(f32x4.mul(loadPart(from, rest), f), loadPart(weight, rest)), rest);
  } else {
    while (n > 0) {
      v128.store(to, f32x4.mul(v128.load(from), f));
      from += 16;
      to += 16;
      n--;
    }
    if (rest) storePart(to, f32x4.mul(loadPart(from, rest), f), rest);
  }
}

/** to = a + b. */
export function addFloats(a: usize, b: usize, to: usize, count: i32): void {
  let n = count >> 2;
  while (n > 0) {
    v128.store(to, f32x4.add(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
    to += 16;
    n--;
  }
  n = count & 3;
  if (n) storePart(to, f32x4.add(loadPart(a, n), loadPart(b, n)), n);
}

/** Four floats `stride` bytes apart. */
// @ts-ignore: decorator
@inline
export function loadStrided(from: usize, stride: usize): v128 {
  let v = splat(from);
  v = v128.load_lane<f32>(from + stride, v, 1);
  v = v128.load_lane<f32>(from + (stride << 1), v, 2);
  return v128.load_lane<f32>(from + stride * 3, v, 3);
}
