// One row of one head: S = gamma S + kᵀ v in place, o = (q / sqrt(D)) S. A state column is a chain of its own, so any split
// of the columns gives the same bits.
import { fma, loadPart, splat, storePart } from 'kernel/simd';

/**
 * state: row-major [D, D]; q, k, v, o: rows of D · columns [from, to) · gamma, scale: addresses of one float.
 */
export function retainRow(
  D: i32,
  q: usize,
  k: usize,
  v: usize,
  gamma: v128,
  scale: v128,
  state: usize,
  o: usize,
  from: i32,
  to: i32,
): void {
  const stride = <usize>D << 2;
  let column = from;
  for (; column + 16 <= to; column += 16) {
    const offset = <usize>column << 2;
    const v0 = v128.load(v + offset);
    const v1 = v128.load(v + offset, 16);
    const v2 = v128.load(v + offset, 32);
    const v3 = v128.load(v + offset, 48);
    let o0 = i32x4.splat(0);
    let o1 = i32x4.splat(0);
    let o2 = i32x4.splat(0);
    let o3 = i32x4.splat(0);
    let s = state + offset;
    let at: usize = 0;
    do {
      const key = splat(k + at);
      const query = splat(q + at);
      const s0 = fma(gamma, v128.load(s), f32x4.mul(key, v0));
      const s1 = fma(gamma, v128.load(s, 16), f32x4.mul(key, v1));
      const s2 = fma(gamma, v128.load(s, 32), f32x4.mul(key, v2));
      const s3 = fma(gamma, v128.load(s, 48), f32x4.mul(key, v3));
      v128.store(s, s0);
      v128.store(s, s1, 16);
      v128.store(s, s2, 32);
      v128.store(s, s3, 48);
      o0 = fma(query, s0, o0);
      o1 = fma(query, s1, o1);
      o2 = fma(query, s2, o2);
      o3 = fma(query, s3, o3);
      s += stride;
      at += 4;
    } while (at < stride);
    v128.store(o + offset, f32x4.mul(o0, scale));
    v128.store(o + offset, f32x4.mul(o1, scale), 16);
    v128.store(o + offset, f32x4.mul(o2, scale), 32);
    v128.store(o + offset, f32x4.mul(o3, scale), 48);
  }
  for (; column + 4 <= to; column += 4) {
    const offset = <usize>column << 2;
    const v0 = v128.load(v + offset);
    let o0 = i32x4.splat(0);
    let s = state + offset;
    let at: usize = 0;
    do {
      const s0 = fma(gamma, v128.load(s), f32x4.mul(splat(k + at), v0));
      v128.store(s, s0);
      o0 = fma(splat(q + at), s0, o0);
      s += stride;
      at += 4;
    } while (at < stride);
    v128.store(o + offset, f32x4.mul(o0, scale));
  }
  if (column < to) {
    const offset = <usize>column << 2;
    const count = to - column;
    const v0 = loadPart(v + offset, count);
    let o0 = i32x4.splat(0);
    let s = state + offset;
    let at: usize = 0;
    do {
      const s0 = fma(gamma, loadPart(s, count), f32x4.mul(splat(k + at), v0));
      storePart(s, s0, count);
      o0 = fma(splat(q + at), s0, o0);
      s += stride;
      at += 4;
    } while (at < stride);
    storePart(o + offset, f32x4.mul(o0, scale), count);
  }
}
