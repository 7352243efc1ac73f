// From scores to weights: the running maximum and sum of one query (Milakov and Gimelshein 2018, arXiv 1805.02867).
import { exponential } from 'kernel/exponential';
import { maxLanes, splat } from 'kernel/simd';
import { laneNumbers, negativeInfinity } from './scratch';

/** Replaces the scores of keys outside [from, to) by −∞; `key` is the first lane's. */
// @ts-ignore: decorator
@inline
function onlyVisible(scores: v128, key: i32, from: i32, to: i32, scratch: usize): v128 {
  const keys = i32x4.add(laneNumbers(scratch), i32x4.splat(key));
  const visible = v128.and(i32x4.ge_s(keys, i32x4.splat(from)), i32x4.lt_s(keys, i32x4.splat(to)));
  return v128.bitselect(scores, negativeInfinity(scratch), visible);
}

/**
 * Turns the scores of blocks [first, end) of a tile into weights exp(score − maximum). Keys [from, to), at least one, are
 * seen; all others weigh 0. Where the maximum grows, what was summed before is scaled down to it.
 *
 * scores: the query's, at key 0 of the tile · maximum, total: its running maximum and sums of weights · sums, sumBytes: its
 * weighted values.
 */
export function weigh(
  scratch: usize,
  scores: usize,
  first: i32,
  end: i32,
  from: i32,
  to: i32,
  maximum: usize,
  total: usize,
  sums: usize,
  sumBytes: usize,
): void {
  let largest = negativeInfinity(scratch);
  for (let block = first; block < end; block++) {
    const at = scores + (<usize>block << 5);
    const key = block << 3;
    let s0 = v128.load(at);
    let s1 = v128.load(at, 16);
    if (key < from || key + 8 > to) {
      s0 = onlyVisible(s0, key, from, to, scratch);
      s1 = onlyVisible(s1, key + 4, from, to, scratch);
      v128.store(at, s0);
      v128.store(at, s1, 16);
    }
    largest = f32x4.pmax(largest, f32x4.pmax(s0, s1));
  }
  const before = load<f32>(maximum);
  const now = maxLanes(largest);
  let sum = v128.load(total);
  if (now > before) {
    store<f32>(maximum, now);
    const factor = exponential(f32x4.splat(before - now), scratch);
    sum = f32x4.mul(sum, factor);
    const stop = sums + sumBytes;
    do {
      v128.store(sums, f32x4.mul(v128.load(sums), factor));
      v128.store(sums, f32x4.mul(v128.load(sums, 16), factor), 16);
      sums += 32;
    } while (sums < stop);
  }
  const shift = splat(maximum);
  let at = scores + (<usize>first << 5);
  const stop = scores + (<usize>end << 5);
  do {
    const w0 = exponential(f32x4.sub(v128.load(at), shift), scratch);
    const w1 = exponential(f32x4.sub(v128.load(at, 16), shift), scratch);
    v128.store(at, w0);
    v128.store(at, w1, 16);
    sum = f32x4.add(f32x4.add(sum, w0), w1);
    at += 32;
  } while (at < stop);
  v128.store(total, sum);
}
