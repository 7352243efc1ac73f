// The gradient of the decay logits of one head of a segment: sums from its last row on.
import { exponential } from 'kernel/exponential';
import { fma, loadPart, splat, sumLanes } from 'kernel/simd';

/**
 * rows, H, D · q, k and their gradients: the head's first row of the segment, rows H·D floats apart · decay, ofDecay: its
 * first logit and the gradient of that, H floats apart.
 */
export function sumDecays(
  rows: i32,
  H: i32,
  D: i32,
  q: usize,
  k: usize,
  ofQueries: usize,
  ofKeys: usize,
  decay: usize,
  ofDecay: usize,
  exponentialConstants: usize,
): void {
  const rowBytes = <usize>(H * D) << 2;
  const one = f32x4.splat(1);
  // double precision: over a whole segment the terms cancel
  let sum: f64 = 0;
  for (let n = rows - 1; n > 0; n--) {
    const offset = <usize>n * rowBytes;
    sum += <f64>rowTerm(D, q + offset, k + offset, ofQueries + offset, ofKeys + offset);
    const at = <usize>(n * H) << 2;
    const x = splat(decay + at);
    // sigmoid(-x) without overflow: u / (1 + u) or 1 / (1 + u), u = exp(-|x|)
    const u = exponential(f32x4.neg(f32x4.abs(x)), exponentialConstants);
    const above = v128.bitselect(one, u, f32x4.lt(x, f32x4.splat(0)));
    const sigmoid = f32x4.extract_lane(f32x4.div(above, f32x4.add(one, u)), 0);
    store<f32>(ofDecay + at, <f32>sum * sigmoid * 0.0625);
  }
  // nothing reaches across a segment's first row
  store<f32>(ofDecay, 0);
}

/** q·dq - k·dk of one row. */
// @ts-ignore: decorator
@inline
function rowTerm(D: i32, q: usize, k: usize, ofQuery: usize, ofKey: usize): f32 {
  let gained = i32x4.splat(0);
  let lost = i32x4.splat(0);
  let at: usize = 0;
  for (const end = <usize>(D & ~3) << 2; at < end; at += 16) {
    gained = fma(v128.load(q + at), v128.load(ofQuery + at), gained);
    lost = fma(v128.load(k + at), v128.load(ofKey + at), lost);
  }
  const left = D & 3;
  if (left != 0) {
    gained = fma(loadPart(q + at, left), loadPart(ofQuery + at, left), gained);
    lost = fma(loadPart(k + at, left), loadPart(ofKey + at, left), lost);
  }
  return sumLanes(f32x4.sub(gained, lost));
}
