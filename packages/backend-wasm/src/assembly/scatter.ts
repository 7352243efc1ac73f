// Rows added to the rows that indices name: gradients of embedding and gather_rows. Threads share the columns, so that the
// rows of one index are added in ascending order. An index out of range counts as 0, as when it was read.
import { cell, number, tensor, word } from 'kernel/arguments';
import { fma, loadPart, storePart } from 'kernel/simd';
import { shareStartOf } from 'kernel/split';

/** embedding: 4 ids i32 [rows] · 5 g [rows, C] · 6 sum [n, C] · 7 rows (cell) · 8 n · 9 C · 10 scale (f32). */
export function scatter_rows(args: usize, thread: i32, threads: i32): void {
  scatter(args, thread, threads, tensor(args, 0), tensor(args, 1));
}

/** gather_rows: the same with 4 g · 5 indices. */
export function scatter_gathered(args: usize, thread: i32, threads: i32): void {
  scatter(args, thread, threads, tensor(args, 1), tensor(args, 0));
}

/** Phase 1 where the sum is an output, not a state. */
export function scatter_zero(args: usize, thread: i32, threads: i32): void {
  const total = word(args, 8) * word(args, 9);
  const start = shareStartOf(total, 16, thread, threads);
  const count = shareStartOf(total, 16, thread + 1, threads) - start;
  memory.fill(tensor(args, 2) + (<usize>start << 2), 0, <usize>count << 2);
}

// @ts-ignore: decorator
@inline
function scatter(args: usize, thread: i32, threads: i32, indices: usize, gradient: usize): void {
  const rows = cell(args, 7);
  const limit = word(args, 8);
  const width = word(args, 9);
  const factor = f32x4.splat(number(args, 10));
  const start = shareStartOf(width, 16, thread, threads);
  const count = shareStartOf(width, 16, thread + 1, threads) - start;
  const sums = tensor(args, 2) + (<usize>start << 2);
  let from = gradient + (<usize>start << 2);
  const skipped = <usize>(width - count) << 2;
  for (let row = 0; row < rows; row++) {
    const index = load<i32>(indices + (<usize>row << 2));
    const target = <usize>select(index, 0, <u32>index < <u32>limit);
    let to = sums + (target * <usize>width << 2);
    let n = count >> 2;
    while (n > 0) {
      v128.store(to, fma(v128.load(from), factor, v128.load(to)));
      from += 16;
      to += 16;
      n--;
    }
    n = count & 3;
    if (n) {
      storePart(to, fma(loadPart(from, n), factor, loadPart(to, n)), n);
      from += <usize>n << 2;
    }
    from += skipped;
  }
}
