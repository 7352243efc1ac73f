// Kernels of training that treat tensors as runs of floats. Threads take shares of whole cache lines.
import { cell, tensor, word, workspace } from 'kernel/arguments';
import { exponential, storeExponentialConstants } from 'kernel/exponential';
import { loadPart, storePart } from 'kernel/simd';
import { shareStartOf } from 'kernel/split';
import { addFloats } from './rows';

/**
 * With s = sigmoid(gate): dgate = g·up·s·(1 + gate·(1 - s)), dup = g·gate·s.
 * 4 gate · 5 up · 6 g · 7 dgate · 8 dup · 9 rows (cell) · 10 width. Workspace: 64 bytes a thread.
 */
export function swiglu_backward(args: usize, thread: i32, threads: i32): void {
  const total = cell(args, 9) * word(args, 10);
  const start = shareStartOf(total, 16, thread, threads);
  const count = shareStartOf(total, 16, thread + 1, threads) - start;
  const constants = workspace(args) + <usize>(thread << 6);
  storeExponentialConstants(constants);
  const at = <usize>start << 2;
  let gate = tensor(args, 0) + at;
  let up = tensor(args, 1) + at;
  let gradient = tensor(args, 2) + at;
  let dgate = tensor(args, 3) + at;
  let dup = tensor(args, 4) + at;
  let n = count >> 2;
  while (n > 0) {
    const x = v128.load(gate);
    const g = v128.load(gradient);
    const s = sigmoid(x, constants);
    v128.store(dgate, gateGradient(x, s, f32x4.mul(g, v128.load(up)), constants));
    v128.store(dup, f32x4.mul(g, f32x4.mul(x, s)));
    gate += 16;
    up += 16;
    gradient += 16;
    dgate += 16;
    dup += 16;
    n--;
  }
  n = count & 3;
  if (n) {
    const x = loadPart(gate, n);
    const g = loadPart(gradient, n);
    const s = sigmoid(x, constants);
    storePart(dgate, gateGradient(x, s, f32x4.mul(g, loadPart(up, n)), constants), n);
    storePart(dup, f32x4.mul(g, f32x4.mul(x, s)), n);
  }
}

// @ts-ignore: decorator
@inline
function sigmoid(x: v128, constants: usize): v128 {
  const one = v128.load32_splat(constants, 48);
  return f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(x), constants)));
}

// @ts-ignore: decorator
@inline
function gateGradient(x: v128, s: v128, upstream: v128, constants: usize): v128 {
  const one = v128.load32_splat(constants, 48);
  return f32x4.mul(f32x4.mul(upstream, s), f32x4.add(one, f32x4.mul(x, f32x4.sub(one, s))));
}

/** sum += x. 4 sum · 5 x · 6 elements. */
export function accumulate(args: usize, thread: i32, threads: i32): void {
  const total = word(args, 6);
  const start = shareStartOf(total, 16, thread, threads);
  const sum = tensor(args, 0) + (<usize>start << 2);
  const count = shareStartOf(total, 16, thread + 1, threads) - start;
  addFloats(sum, tensor(args, 1) + (<usize>start << 2), sum, count);
}

/** state = value. 4 state · 5 elements · 6 value (a cell of the element type). */
export function fill_state(args: usize, thread: i32, threads: i32): void {
  const total = word(args, 5);
  const bits = i32x4.splat(cell(args, 6));
  const start = shareStartOf(total, 16, thread, threads);
  let count = shareStartOf(total, 16, thread + 1, threads) - start;
  let to = tensor(args, 0) + (<usize>start << 2);
  while (count >= 4) {
    v128.store(to, bits);
    to += 16;
    count -= 4;
  }
  if (count > 0) storePart(to, bits, count);
}
