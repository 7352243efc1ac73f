// linear: y = x·Wᵀ, x [rows, k], W [out, k], y [rows, out].
// Arguments: 4 x · 5 W · 6 y · 7 rows (cell) · 8 k · 9 out · 10 wide tiles.
import { cell, tensor, word, workspace } from 'kernel/arguments';
import { ceilDivide, shareStart, shareStartOf, smaller } from 'kernel/split';
import { linearScratchBytes, multiply } from './linear-blocks';
import { packPanels } from './panels';

/** W in panels of 8. Workspace: 128 bytes a thread. */
export function linear(args: usize, thread: i32, threads: i32): void {
  product(args, thread, threads, tensor(args, 1), workspace(args));
}

/** Phase 1 for W as [out, k]: packs it into the workspace, after the threads' scratch. */
export function linear_pack(args: usize, thread: i32, threads: i32): void {
  const out = word(args, 9);
  const panels = ceilDivide(out, 8);
  if (cell(args, 7) <= 0) return;
  packPanels(
    tensor(args, 1),
    workspace(args) + <usize>(threads * linearScratchBytes),
    out,
    word(args, 8),
    shareStart(panels, thread, threads),
    shareStart(panels, thread + 1, threads),
  );
}

/** Phase 2 for W as [out, k]. */
export function linear_packed(args: usize, thread: i32, threads: i32): void {
  product(args, thread, threads, workspace(args) + <usize>(threads * linearScratchBytes), workspace(args));
}

// @ts-ignore: decorator
@inline
function product(args: usize, thread: i32, threads: i32, w: usize, scratch: usize): void {
  const rows = cell(args, 7);
  const k = word(args, 8);
  const out = word(args, 9);
  const panels = ceilDivide(out, 8);
  let rowStart = 0;
  let rowEnd = rows;
  let panelStart = 0;
  let panelEnd = panels;
  // threads share the panels (in twos: a cache line of y), or the rows where panels are too few to share out evenly
  if (panels >= threads << 3 || rows < threads << 3) {
    panelStart = shareStartOf(panels, 2, thread, threads);
    panelEnd = shareStartOf(panels, 2, thread + 1, threads);
  } else {
    rowStart = shareStartOf(rows, 4, thread, threads);
    rowEnd = shareStartOf(rows, 4, thread + 1, threads);
  }
  if (rowStart >= rowEnd || panelStart >= panelEnd) return;
  multiply(
    tensor(args, 0),
    w,
    tensor(args, 2),
    k,
    out,
    rowStart,
    rowEnd,
    panelStart,
    panelEnd,
    word(args, 10) != 0,
    scratch + <usize>(thread * linearScratchBytes),
  );
}
