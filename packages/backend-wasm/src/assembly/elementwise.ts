// Kernels that treat [rows, width] as one run of floats. Threads take shares of whole cache lines.
import { cell, numberCell, tensor, word, workspace } from 'kernel/arguments';
import { exponential, storeExponentialConstants } from 'kernel/exponential';
import { loadPart, splat, storePart } from 'kernel/simd';
import { shareStartOf } from 'kernel/split';
import { addFloats, scaleFloats } from './rows';

/** y = a + b. 4 a · 5 b · 6 y · 7 rows (cell) · 8 width. */
export function add(args: usize, thread: i32, threads: i32): void {
  const total = cell(args, 7) * word(args, 8);
  const start = shareStartOf(total, 16, thread, threads);
  const at = <usize>start << 2;
  const count = shareStartOf(total, 16, thread + 1, threads) - start;
  addFloats(tensor(args, 0) + at, tensor(args, 1) + at, tensor(args, 2) + at, count);
}

/** y = factor · x. 4 x · 5 y · 6 rows (cell) · 7 width · 8 factor (f32 cell). */
export function scale(args: usize, thread: i32, threads: i32): void {
  const total = cell(args, 6) * word(args, 7);
  const start = shareStartOf(total, 16, thread, threads);
  const at = <usize>start << 2;
  const count = shareStartOf(total, 16, thread + 1, threads) - start;
  scaleFloats(tensor(args, 0) + at, 0, tensor(args, 1) + at, count, numberCell(args, 8));
}

/** silu(gate)·up, four at a time; `constants` ends with a 1. */
// @ts-ignore: decorator
@inline
function gated(gate: v128, up: v128, constants: usize): v128 {
  const one = v128.load32_splat(constants, 48);
  return f32x4.mul(f32x4.div(gate, f32x4.add(one, exponential(f32x4.neg(gate), constants))), up);
}

/** y = silu(gate)·up. 4 gate · 5 up · 6 y · 7 rows (cell) · 8 width. Workspace: 64 bytes a thread. */
export function swiglu(args: usize, thread: i32, threads: i32): void {
  const total = cell(args, 7) * word(args, 8);
  const start = shareStartOf(total, 16, thread, threads);
  const count = shareStartOf(total, 16, thread + 1, threads) - start;
  const constants = workspace(args) + <usize>(thread << 6);
  storeExponentialConstants(constants);
  let gate = tensor(args, 0) + (<usize>start << 2);
  let up = tensor(args, 1) + (<usize>start << 2);
  let y = tensor(args, 2) + (<usize>start << 2);
  let n = count >> 2;
  while (n > 0) {
    v128.store(y, gated(v128.load(gate), v128.load(up), constants));
    gate += 16;
    up += 16;
    y += 16;
    n--;
  }
  n = count & 3;
  if (n) storePart(y, gated(loadPart(gate, n), loadPart(up, n), constants), n);
}

/** y = value. 4 y · 5 elements · 6 value, as the bits of the element type. */
export function fill(args: usize, thread: i32, threads: i32): void {
  const total = word(args, 5);
  const bits = word(args, 6);
  const end = shareStartOf(total, 16, thread + 1, threads);
  for (let i = shareStartOf(total, 16, thread, threads); i < end; i++) {
    store<i32>(tensor(args, 0) + (<usize>i << 2), bits);
  }
}
