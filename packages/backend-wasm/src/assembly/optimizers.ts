// Optimizer steps over all elements. g = gradient · gradientScale · scale[0].
import { numberCell, tensor, word } from 'kernel/arguments';
import { fma, fnma, loadPart, storePart } from 'kernel/simd';
import { shareStartOf } from 'kernel/split';

/**
 * 4 parameter · 5 mean · 6 variance · 7 gradient · 8 elements, then f32 cells: 9 learning rate · 10 weight decay ·
 * 11 gradient scale · 12 beta1 · 13 beta2 · 14 eps · 15 mean correction · 16 variance correction.
 */
export function adamw_update(args: usize, thread: i32, threads: i32): void {
  adamw(args, thread, threads, 8, 1);
}

/** The same with 8 scale [1], and one more for the others. */
export function adamw_update_scaled(args: usize, thread: i32, threads: i32): void {
  adamw(args, thread, threads, 9, load<f32>(tensor(args, 4)));
}

function adamw(args: usize, thread: i32, threads: i32, words: i32, scale: f32): void {
  const total = word(args, words);
  const start = shareStartOf(total, 16, thread, threads);
  let count = shareStartOf(total, 16, thread + 1, threads) - start;
  const at = <usize>start << 2;
  let parameter = tensor(args, 0) + at;
  let mean = tensor(args, 1) + at;
  let variance = tensor(args, 2) + at;
  let gradient = tensor(args, 3) + at;
  const rate = f32x4.splat(numberCell(args, words + 1));
  const decay = f32x4.splat(numberCell(args, words + 2));
  const factor = f32x4.splat(numberCell(args, words + 3) * scale);
  const beta1 = f32x4.splat(numberCell(args, words + 4));
  const beta2 = f32x4.splat(numberCell(args, words + 5));
  const rest1 = f32x4.splat(1 - numberCell(args, words + 4));
  const rest2 = f32x4.splat(1 - numberCell(args, words + 5));
  const eps = f32x4.splat(numberCell(args, words + 6));
  const meanCorrection = f32x4.splat(numberCell(args, words + 7));
  const varianceCorrection = f32x4.splat(numberCell(args, words + 8));
  while (count > 0) {
    const part = count < 4;
    const g = f32x4.mul(part ? loadPart(gradient, count) : v128.load(gradient), factor);
    const m = fma(beta1, part ? loadPart(mean, count) : v128.load(mean), f32x4.mul(rest1, g));
    const v = fma(
      beta2,
      part ? loadPart(variance, count) : v128.load(variance),
      f32x4.mul(rest2, f32x4.mul(g, g)),
    );
    const p = part ? loadPart(parameter, count) : v128.load(parameter);
    const root = f32x4.add(f32x4.sqrt(f32x4.div(v, varianceCorrection)), eps);
    const step = f32x4.div(f32x4.div(m, meanCorrection), root);
    const next = fnma(rate, fma(decay, p, step), p);
    if (part) {
      storePart(mean, m, count);
      storePart(variance, v, count);
      storePart(parameter, next, count);
      return;
    }
    v128.store(mean, m);
    v128.store(variance, v);
    v128.store(parameter, next);
    parameter += 16;
    mean += 16;
    variance += 16;
    gradient += 16;
    count -= 4;
  }
}

/**
 * 4 parameter · 5 velocity · 6 gradient · 7 elements, then f32 cells: 8 learning rate · 9 weight decay ·
 * 10 gradient scale · 11 momentum.
 */
export function sgd_update(args: usize, thread: i32, threads: i32): void {
  sgd(args, thread, threads, 7, 1);
}

/** The same with 7 scale [1], and one more for the others. */
export function sgd_update_scaled(args: usize, thread: i32, threads: i32): void {
  sgd(args, thread, threads, 8, load<f32>(tensor(args, 3)));
}

function sgd(args: usize, thread: i32, threads: i32, words: i32, scale: f32): void {
  const total = word(args, words);
  const start = shareStartOf(total, 16, thread, threads);
  let count = shareStartOf(total, 16, thread + 1, threads) - start;
  const at = <usize>start << 2;
  let parameter = tensor(args, 0) + at;
  let velocity = tensor(args, 1) + at;
  let gradient = tensor(args, 2) + at;
  const rate = f32x4.splat(numberCell(args, words + 1));
  const decay = f32x4.splat(numberCell(args, words + 2));
  const factor = f32x4.splat(numberCell(args, words + 3) * scale);
  const momentum = f32x4.splat(numberCell(args, words + 4));
  while (count > 0) {
    const part = count < 4;
    const g = f32x4.mul(part ? loadPart(gradient, count) : v128.load(gradient), factor);
    const v = fma(momentum, part ? loadPart(velocity, count) : v128.load(velocity), g);
    const p = part ? loadPart(parameter, count) : v128.load(parameter);
    const next = fnma(rate, fma(decay, p, v), p);
    if (part) {
      storePart(velocity, v, count);
      storePart(parameter, next, count);
      return;
    }
    v128.store(velocity, v);
    v128.store(parameter, next);
    parameter += 16;
    velocity += 16;
    gradient += 16;
    count -= 4;
  }
}
