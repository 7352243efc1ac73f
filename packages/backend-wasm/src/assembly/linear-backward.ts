// Gradients of linear: dx = dy·W and dW = dyᵀ·x, for y = x·Wᵀ with x [rows, in], W [out, in], dy [rows, out].
import { cell, tensor, word, workspace } from 'kernel/arguments';
import { ceilDivide, shareStart, shareStartOf, smaller } from 'kernel/split';
import { packColumnPanels } from './column-panels';
import { linearScratchBytes, multiply } from './linear-blocks';
import { outerProductScratchBytes, outerProductShare } from './outer-product';

// linear_input_backward: 4 dy · 5 W · 6 dx · 7 rows (cell) · 8 out · 9 in · 10 wide tiles. Workspace: the threads' scratch, then W packed.

/** Phase 1: packs W by its columns. */
export function linear_input_backward_pack(args: usize, thread: i32, threads: i32): void {
  if (cell(args, 7) <= 0) return;
  packWeightColumns(tensor(args, 1), workspace(args) + <usize>(threads * linearScratchBytes), word(args, 8), word(args, 9), thread, threads);
}

/** Phase 2. */
export function linear_input_backward(args: usize, thread: i32, threads: i32): void {
  const rows = cell(args, 7);
  const out = word(args, 8);
  const inner = word(args, 9);
  const panels = ceilDivide(inner, 8);
  let rowStart = 0;
  let rowEnd = rows;
  let panelStart = 0;
  let panelEnd = panels;
  if (rows >= threads << 5) {
    rowStart = shareStartOf(rows, 4, thread, threads);
    rowEnd = shareStartOf(rows, 4, thread + 1, threads);
  } else {
    panelStart = shareStartOf(panels, 2, thread, threads);
    panelEnd = shareStartOf(panels, 2, thread + 1, threads);
  }
  if (rowStart >= rowEnd || panelStart >= panelEnd) return;
  const scratch = workspace(args);
  const packed = scratch + <usize>(threads * linearScratchBytes);
  const own = scratch + <usize>(thread * linearScratchBytes);
  const wide = word(args, 10) != 0;
  multiply(tensor(args, 0), packed, tensor(args, 2), out, inner, rowStart, rowEnd, panelStart, panelEnd, wide, own);
}

/** This thread's share of the panels of 8 columns of W [k, columns]. */
export function packWeightColumns(from: usize, to: usize, k: i32, columns: i32, thread: i32, threads: i32): void {
  const panels = ceilDivide(columns, 8);
  const start = shareStart(panels, thread, threads);
  const end = shareStart(panels, thread + 1, threads);
  if (start >= end) return;
  const first = start << 3;
  const count = smaller(columns, end << 3) - first;
  packColumnPanels(from + (<usize>first << 2), <usize>columns << 2, k, count, to + (<usize>start * <usize>k << 5));
}

// linear_weight_backward and _accumulate: 4 dy · 5 x · 6 dW or sum · 7 rows (cell) · 8 out · 9 in.
// Workspace: outerProductScratchBytes a thread.

export function linear_weight_backward(args: usize, thread: i32, threads: i32): void {
  weightGradient(args, thread, threads, false);
}

export function linear_weight_accumulate(args: usize, thread: i32, threads: i32): void {
  weightGradient(args, thread, threads, true);
}

// @ts-ignore: decorator
@inline
function weightGradient(args: usize, thread: i32, threads: i32, add: bool): void {
  outerProductShare(
    tensor(args, 0),
    tensor(args, 1),
    tensor(args, 2),
    cell(args, 7),
    word(args, 8),
    word(args, 9),
    add,
    thread,
    threads,
    workspace(args) + <usize>(thread * outerProductScratchBytes),
  );
}
