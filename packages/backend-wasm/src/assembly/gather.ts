// Row gathers. An index out of range reads row 0: the host validates, memory stays safe in any case.
import { cell, numberCell, tensor, word } from 'kernel/arguments';
import { shareStart } from 'kernel/split';
import { copyFloats, loadStrided, scaleFloats } from './rows';

// @ts-ignore: decorator
@inline
function safeIndex(index: i32, count: i32): usize {
  return <usize>select(index, 0, <u32>index < <u32>count);
}

/** 4 ids i32 [rows] · 5 weight [V, C] · 6 y [rows, C] · 7 rows (cell) · 8 V · 9 C · 10 scale (f32 cell). */
export function embedding(args: usize, thread: i32, threads: i32): void {
  const rows = cell(args, 7);
  const vocabulary = word(args, 8);
  const width = word(args, 9);
  const factor = numberCell(args, 10);
  const bytes = <usize>width << 2;
  const end = shareStart(rows, thread + 1, threads);
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    const id = safeIndex(load<i32>(tensor(args, 0) + (<usize>row << 2)), vocabulary);
    scaleFloats(tensor(args, 1) + id * bytes, 0, tensor(args, 2) + <usize>row * bytes, width, factor);
  }
}

/** The same from a weight in panels of 8 rows. */
export function embedding_panels(args: usize, thread: i32, threads: i32): void {
  const rows = cell(args, 7);
  const vocabulary = word(args, 8);
  const width = word(args, 9);
  const factor = f32x4.splat(numberCell(args, 10));
  const end = shareStart(rows, thread + 1, threads);
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    const id = safeIndex(load<i32>(tensor(args, 0) + (<usize>row << 2)), vocabulary);
    let from = tensor(args, 1) + ((id >> 3) * <usize>width << 5) + ((id & 7) << 2);
    let to = tensor(args, 2) + (<usize>row * <usize>width << 2);
    let n = width >> 2;
    while (n > 0) {
      v128.store(to, f32x4.mul(loadStrided(from, 32), factor));
      from += 128;
      to += 16;
      n--;
    }
    n = width & 3;
    while (n > 0) {
      store<f32>(to, load<f32>(from) * f32x4.extract_lane(factor, 0));
      from += 32;
      to += 4;
      n--;
    }
  }
}

/** 4 x [T, C] · 5 indices i32 [rows] · 6 y [rows, C] · 7 rows (cell) · 8 T · 9 C. */
export function gather_rows(args: usize, thread: i32, threads: i32): void {
  const rows = cell(args, 7);
  const count = word(args, 8);
  const width = word(args, 9);
  const bytes = <usize>width << 2;
  const end = shareStart(rows, thread + 1, threads);
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    const index = safeIndex(load<i32>(tensor(args, 1) + (<usize>row << 2)), count);
    copyFloats(tensor(args, 0) + index * bytes, tensor(args, 2) + <usize>row * bytes, width);
  }
}
