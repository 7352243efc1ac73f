// Gradients of rms_norm and add_rms_norm. With f = 1 / sqrt(mean(x²) + eps) and n elements a group:
// dx = f·g·weight - x·f³/n·Σ(g·weight·x), dweight = Σ over groups of g·x·f.
//
// dweight is summed by chunks of `chunkRows` rows, whatever the threads: phase 1 leaves a sum a chunk in the workspace,
// phase 2 adds them up in order.
import { cell, number, tensor, word, workspace } from 'kernel/arguments';
import { fma, fnma, loadPart, storePart, sumLanes } from 'kernel/simd';
import { ceilDivide, shareStart, shareStartOf, smaller } from 'kernel/split';
import { sumOfSquares } from './rows';

/** Rows whose sums of weight gradients are kept apart. The host computes the workspace with the same number. */
const chunkRows: i32 = 32;

/** 4 x [rows, C] · 5 g [rows, C] · 6 weight [group] · 7 dx · 8 dweight · 9 rows (cell) · 10 C · 11 group · 12 eps (f32). */
export function rms_norm_backward(args: usize, thread: i32, threads: i32): void {
  chunks(args, thread, threads, tensor(args, 1), tensor(args, 2), 0, tensor(args, 3), 9);
}

export function rms_norm_backward_weight(args: usize, thread: i32, threads: i32): void {
  sumChunks(args, thread, threads, tensor(args, 4), 9);
}

/** Without weight: 4 x · 5 g · 6 dx · 7 rows (cell) · 8 C · 9 group · 10 eps (f32). */
export function rms_norm_backward_plain(args: usize, thread: i32, threads: i32): void {
  chunks(args, thread, threads, tensor(args, 1), 0, 0, tensor(args, 2), 7);
}

/** 4 sum [rows, C] · 5 weight [C] · 6 g of normed · 7 dx · 8 dweight · 9 rows (cell) · 10 C · 11 C · 12 eps (f32). */
export function add_rms_norm_backward(args: usize, thread: i32, threads: i32): void {
  chunks(args, thread, threads, tensor(args, 2), tensor(args, 1), 0, tensor(args, 3), 9);
}

/** With a gradient of the sum: 4 sum · 5 weight · 6 g of normed · 7 g of sum · 8 dx · 9 dweight · 10 to 13 as above. */
export function add_rms_norm_backward_both(args: usize, thread: i32, threads: i32): void {
  chunks(args, thread, threads, tensor(args, 2), tensor(args, 1), tensor(args, 3), tensor(args, 4), 10);
}

export function add_rms_norm_backward_both_weight(args: usize, thread: i32, threads: i32): void {
  sumChunks(args, thread, threads, tensor(args, 5), 10);
}

/** Phase 1: threads share the chunks. `weight` and `more` (added to dx) may be 0. */
function chunks(
  args: usize,
  thread: i32,
  threads: i32,
  gradient: usize,
  weight: usize,
  more: usize,
  dx: usize,
  words: i32,
): void {
  const rows = cell(args, words);
  const width = word(args, words + 1);
  const group = word(args, words + 2);
  const eps = number(args, words + 3);
  const count = ceilDivide(rows, chunkRows);
  const bytes = <usize>group << 2;
  const x = tensor(args, 0);
  const end = shareStart(count, thread + 1, threads);
  for (let chunk = shareStart(count, thread, threads); chunk < end; chunk++) {
    const sum = weight ? workspace(args) + <usize>chunk * bytes : 0;
    if (sum) memory.fill(sum, 0, bytes);
    let at = <usize>(chunk * chunkRows) * <usize>width << 2;
    let groups = smaller(chunkRows, rows - chunk * chunkRows) * (width / group);
    while (groups > 0) {
      groupBackward(x + at, gradient + at, weight, more ? more + at : 0, dx + at, sum, group, eps);
      at += bytes;
      groups--;
    }
  }
}

/** Phase 2: threads share the columns. */
function sumChunks(args: usize, thread: i32, threads: i32, dweight: usize, words: i32): void {
  const count = ceilDivide(cell(args, words), chunkRows);
  const group = word(args, words + 2);
  const bytes = <usize>group << 2;
  const end = shareStartOf(group, 16, thread + 1, threads);
  for (let c = shareStartOf(group, 16, thread, threads); c < end; c++) {
    let from = workspace(args) + (<usize>c << 2);
    let sum: f32 = 0;
    for (let chunk = 0; chunk < count; chunk++) {
      sum += load<f32>(from);
      from += bytes;
    }
    store<f32>(dweight + (<usize>c << 2), sum);
  }
}

/** `sum` is where the group's part of dweight is added, 0 without a weight. */
function groupBackward(
  x: usize,
  gradient: usize,
  weight: usize,
  more: usize,
  dx: usize,
  sum: usize,
  count: i32,
  eps: f32,
): void {
  const factor: f32 = 1.0 / sqrt(sumOfSquares(x, count) / <f32>count + eps);
  const f = f32x4.splat(factor);
  const pull = f32x4.splat((weightedProduct(x, gradient, weight, count) * factor * factor * factor) / <f32>count);
  let n = count >> 2;
  while (n > 0) {
    const xs = v128.load(x);
    const scaled = f32x4.mul(v128.load(gradient), f);
    let d = weight ? f32x4.mul(scaled, v128.load(weight)) : scaled;
    d = fnma(xs, pull, d);
    if (more) {
      d = f32x4.add(d, v128.load(more));
      more += 16;
    }
    v128.store(dx, d);
    if (sum) {
      v128.store(sum, fma(scaled, xs, v128.load(sum)));
      sum += 16;
      weight += 16;
    }
    x += 16;
    gradient += 16;
    dx += 16;
    n--;
  }
  n = count & 3;
  if (n) {
    const xs = loadPart(x, n);
    const scaled = f32x4.mul(loadPart(gradient, n), f);
    let d = weight ? f32x4.mul(scaled, loadPart(weight, n)) : scaled;
    d = fnma(xs, pull, d);
    if (more) d = f32x4.add(d, loadPart(more, n));
    storePart(dx, d, n);
    if (sum) storePart(sum, fma(scaled, xs, loadPart(sum, n)), n);
  }
}

/** Σ g·x, or Σ g·weight·x. */
function weightedProduct(x: usize, gradient: usize, weight: usize, count: i32): f32 {
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let n = count >> 3;
  while (n > 0) {
    let g0 = v128.load(gradient);
    let g1 = v128.load(gradient, 16);
    if (weight) {
      g0 = f32x4.mul(g0, v128.load(weight));
      g1 = f32x4.mul(g1, v128.load(weight, 16));
      weight += 32;
    }
    s0 = fma(g0, v128.load(x), s0);
    s1 = fma(g1, v128.load(x, 16), s1);
    x += 32;
    gradient += 32;
    n--;
  }
  s0 = f32x4.add(s0, s1);
  n = count & 7;
  if (n > 3) {
    let g = v128.load(gradient);
    if (weight) {
      g = f32x4.mul(g, v128.load(weight));
      weight += 16;
    }
    s0 = fma(g, v128.load(x), s0);
    x += 16;
    gradient += 16;
    n -= 4;
  }
  if (n) {
    let g = loadPart(gradient, n);
    if (weight) g = f32x4.mul(g, loadPart(weight, n));
    s0 = fma(g, loadPart(x, n), s0);
  }
  return sumLanes(s0);
}
