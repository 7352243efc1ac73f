// What Muon needs besides products of matrices, element by element. Threads take shares of whole cache lines.
import { number, numberCell, pointer, tensor, word } from 'kernel/arguments';
import { fma, fnma, loadPart, storePart } from 'kernel/simd';
import { shareStart, shareStartOf } from 'kernel/split';

/**
 * With g = gradient · gradient scale: mean = momentum·mean + (1 - momentum)·g, direction = momentum·mean + (1 - momentum)·g.
 * 4 mean · 5 gradient · 6 direction · 7 elements, then f32 cells: 8 momentum · 9 gradient scale.
 */
export function muon_direction(args: usize, thread: i32, threads: i32): void {
  direction(args, thread, threads, 6, 1);
}

/** The same with 6 scale [1], and one more for the others. */
export function muon_direction_scaled(args: usize, thread: i32, threads: i32): void {
  direction(args, thread, threads, 7, load<f32>(tensor(args, 2)));
}

function direction(args: usize, thread: i32, threads: i32, output: i32, scale: f32): void {
  const total = word(args, output + 1);
  const start = shareStartOf(total, 16, thread, threads);
  let count = shareStartOf(total, 16, thread + 1, threads) - start;
  const at = <usize>start << 2;
  let mean = tensor(args, 0) + at;
  let gradient = tensor(args, 1) + at;
  let to = pointer(args, output) + at;
  const stays = numberCell(args, output + 2);
  const momentum = f32x4.splat(stays);
  const rest = f32x4.splat((1 - stays) * (numberCell(args, output + 3) * scale));
  while (count > 0) {
    const part = count < 4;
    const fresh = f32x4.mul(rest, part ? loadPart(gradient, count) : v128.load(gradient));
    const m = fma(momentum, part ? loadPart(mean, count) : v128.load(mean), fresh);
    const d = fma(momentum, m, fresh);
    if (part) {
      storePart(mean, m, count);
      storePart(to, d, count);
      return;
    }
    v128.store(mean, m);
    v128.store(to, d);
    mean += 16;
    gradient += 16;
    to += 16;
    count -= 4;
  }
}

/** y = x / (sqrt(squares) + 1e-7). 4 x · 5 squares [1] · 6 y · 7 elements. */
export function normalize(args: usize, thread: i32, threads: i32): void {
  const total = word(args, 7);
  const start = shareStartOf(total, 16, thread, threads);
  let count = shareStartOf(total, 16, thread + 1, threads) - start;
  const at = <usize>start << 2;
  let x = tensor(args, 0) + at;
  let y = tensor(args, 2) + at;
  const norm = f32x4.splat(sqrt(load<f32>(tensor(args, 1))) + 1e-7);
  while (count >= 4) {
    v128.store(y, f32x4.div(v128.load(x), norm));
    x += 16;
    y += 16;
    count -= 4;
  }
  if (count > 0) storePart(y, f32x4.div(loadPart(x, count), norm), count);
}

/** a·I + b·gram + c·square. 4 gram · 5 square · 6 factor · 7 n · 8 a · 9 b · 10 c. */
export function newton_schulz(args: usize, thread: i32, threads: i32): void {
  const size = word(args, 7);
  const a = number(args, 8);
  const b = f32x4.splat(number(args, 9));
  const c = f32x4.splat(number(args, 10));
  const end = shareStart(size, thread + 1, threads);
  for (let row = shareStart(size, thread, threads); row < end; row++) {
    const at = <usize>row * <usize>size << 2;
    let gram = tensor(args, 0) + at;
    let square = tensor(args, 1) + at;
    let to = tensor(args, 2) + at;
    const diagonal = to + (<usize>row << 2);
    let count = size;
    while (count >= 4) {
      v128.store(to, fma(b, v128.load(gram), f32x4.mul(c, v128.load(square))));
      gram += 16;
      square += 16;
      to += 16;
      count -= 4;
    }
    if (count > 0) storePart(to, fma(b, loadPart(gram, count), f32x4.mul(c, loadPart(square, count))), count);
    store<f32>(diagonal, load<f32>(diagonal) + a);
  }
}

/**
 * parameter -= learning rate · (factor·direction + weight decay·parameter). 4 parameter · 5 direction · 6 elements, then f32
 * cells: 7 learning rate · 8 weight decay · 9 factor.
 */
export function muon_update(args: usize, thread: i32, threads: i32): void {
  const total = word(args, 6);
  const start = shareStartOf(total, 16, thread, threads);
  let count = shareStartOf(total, 16, thread + 1, threads) - start;
  const at = <usize>start << 2;
  let parameter = tensor(args, 0) + at;
  let direction = tensor(args, 1) + at;
  const rate = f32x4.splat(numberCell(args, 7));
  const decay = f32x4.splat(numberCell(args, 8));
  const factor = f32x4.splat(numberCell(args, 9));
  while (count > 0) {
    const part = count < 4;
    const p = part ? loadPart(parameter, count) : v128.load(parameter);
    const step = f32x4.mul(factor, part ? loadPart(direction, count) : v128.load(direction));
    const next = fnma(rate, fma(decay, p, step), p);
    if (part) {
      storePart(parameter, next, count);
      return;
    }
    v128.store(parameter, next);
    parameter += 16;
    direction += 16;
    count -= 4;
  }
}
