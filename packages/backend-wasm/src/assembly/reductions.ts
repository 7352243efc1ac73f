// Sums to a single number. Long ones in two phases: parts of a fixed size first, then those in order by one thread.
import { cell, numberCell, tensor, word, workspace } from 'kernel/arguments';
import { ceilDivide, shareStart, smaller } from 'kernel/split';
import { sumOfSquares } from './rows';

/** Elements of a part. The host computes the workspace with the same number: 4 bytes a part. */
const partElements: i32 = 4096;

/** square_sum, phase 1. 4 x · 5 sum [1] · 6 elements. */
export function square_sum_parts(args: usize, thread: i32, threads: i32): void {
  squareParts(args, thread, threads, word(args, 6));
}

/** Phase 2. */
export function square_sum(args: usize, thread: i32, threads: i32): void {
  if (!thread) store<f32>(tensor(args, 1), <f32>sumParts(args, word(args, 6)));
}

/** Phase 1, with a sum before: 4 x · 5 before [1] · 6 sum [1] · 7 elements. */
export function square_sum_after_parts(args: usize, thread: i32, threads: i32): void {
  squareParts(args, thread, threads, word(args, 7));
}

/** Phase 2, with a sum before. */
export function square_sum_after(args: usize, thread: i32, threads: i32): void {
  if (!thread) store<f32>(tensor(args, 2), <f32>(<f64>load<f32>(tensor(args, 1)) + sumParts(args, word(args, 7))));
}

// @ts-ignore: decorator
@inline
function squareParts(args: usize, thread: i32, threads: i32, elements: i32): void {
  const parts = ceilDivide(elements, partElements);
  const end = shareStart(parts, thread + 1, threads);
  for (let part = shareStart(parts, thread, threads); part < end; part++) {
    const first = part * partElements;
    const count = smaller(partElements, elements - first);
    store<f32>(workspace(args) + (<usize>part << 2), sumOfSquares(tensor(args, 0) + (<usize>first << 2), count));
  }
}

// @ts-ignore: decorator
@inline
function sumParts(args: usize, elements: i32): f64 {
  const parts = ceilDivide(elements, partElements);
  let sum: f64 = 0;
  for (let part = 0; part < parts; part++) sum += <f64>load<f32>(workspace(args) + (<usize>part << 2));
  return sum;
}

/** 4 squares [1] · 5 scale [1] · 6 norm [1] · 7 max (f32 cell) · 8 gradient scale (f32 cell). */
export function clip_scale(args: usize, thread: i32, threads: i32): void {
  if (thread) return;
  const factor = numberCell(args, 8);
  const norm: f32 = factor * sqrt(load<f32>(tensor(args, 0)));
  store<f32>(tensor(args, 2), norm);
  store<f32>(tensor(args, 1), factor * min<f32>(1, numberCell(args, 7) / (norm + 1e-6)));
}

/** 4 losses [n] · 5 targets i32 [n] · 6 mean [1] · 7 rows (cell). */
export function mean_loss(args: usize, thread: i32, threads: i32): void {
  if (thread) return;
  const rows = cell(args, 7);
  let sum: f64 = 0;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    if (load<i32>(tensor(args, 1) + (<usize>row << 2)) < 0) continue;
    sum += <f64>load<f32>(tensor(args, 0) + (<usize>row << 2));
    count++;
  }
  store<f32>(tensor(args, 2), count ? <f32>(sum / <f64>count) : 0);
}

/** 4 targets i32 [n] · 5 gradient [1] · 6 dlosses [n] · 7 rows (cell). */
export function mean_loss_backward(args: usize, thread: i32, threads: i32): void {
  if (thread) return;
  const rows = cell(args, 7);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    if (load<i32>(tensor(args, 0) + (<usize>row << 2)) >= 0) count++;
  }
  const part: f32 = load<f32>(tensor(args, 1)) / <f32>count;
  for (let row = 0; row < rows; row++) {
    const ignored = load<i32>(tensor(args, 0) + (<usize>row << 2)) < 0;
    store<f32>(tensor(args, 2) + (<usize>row << 2), ignored ? 0 : part);
  }
}
