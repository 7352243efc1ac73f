// rms_norm: y = x / sqrt(mean(x²) + eps) · weight over each group of consecutive elements of the last axis.
import { cell, number, tensor, word } from 'kernel/arguments';
import { shareStart } from 'kernel/split';
import { addFloats, scaleFloats, sumOfSquares } from './rows';

// @ts-ignore: decorator
@inline
function normalise(from: usize, weight: usize, to: usize, group: i32, eps: f32): void {
  const factor: f32 = 1.0 / sqrt(sumOfSquares(from, group) / <f32>group + eps);
  scaleFloats(from, weight, to, group, factor);
}

// @ts-ignore: decorator
@inline
function groups(args: usize, thread: i32, threads: i32, weight: usize, y: usize, words: i32): void {
  const group = word(args, words + 2);
  const eps = number(args, words + 3);
  const total = cell(args, words) * (word(args, words + 1) / group);
  const end = shareStart(total, thread + 1, threads);
  const bytes = <usize>group << 2;
  const x = tensor(args, 0);
  for (let i = shareStart(total, thread, threads); i < end; i++) {
    normalise(x + <usize>i * bytes, weight, y + <usize>i * bytes, group, eps);
  }
}

/** 4 x [rows, C] · 5 weight [group] · 6 y · 7 rows (cell) · 8 C · 9 group · 10 eps (f32). */
export function rms_norm(args: usize, thread: i32, threads: i32): void {
  groups(args, thread, threads, tensor(args, 1), tensor(args, 2), 7);
}

/** Without weight: 4 x · 5 y · 6 rows (cell) · 7 C · 8 group · 9 eps (f32). */
export function rms_norm_plain(args: usize, thread: i32, threads: i32): void {
  groups(args, thread, threads, 0, tensor(args, 1), 6);
}

/** 4 x [rows, C] · 5 delta · 6 weight [C] · 7 sum · 8 normed · 9 rows (cell) · 10 C · 11 eps (f32). */
export function add_rms_norm(args: usize, thread: i32, threads: i32): void {
  const rows = cell(args, 9);
  const width = word(args, 10);
  const eps = number(args, 11);
  const end = shareStart(rows, thread + 1, threads);
  const bytes = <usize>width << 2;
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    const at = <usize>row * bytes;
    const sum = tensor(args, 3) + at;
    addFloats(tensor(args, 0) + at, tensor(args, 1) + at, sum, width);
    normalise(sum, tensor(args, 2), tensor(args, 4) + at, width, eps);
  }
}
