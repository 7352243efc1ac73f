// A thread's part of the workspace. All sizes are multiples of 64 bytes.
import { exponentialConstantBytes } from 'kernel/exponential';

/** Rows of a chunk. */
export const chunkRows: i32 = 32;

const rowFloats: usize = <usize>chunkRows << 2;

// one float a row of the chunk each
export const logDecays: usize = <usize>exponentialConstantBytes;
export const gammas: usize = logDecays + rowFloats;
/** exp(c_n): what is left of the entering state at row n. */
export const entering: usize = gammas + rowFloats;
/** exp(c_N - c_j): what is left of row j after the last row. */
export const leaving: usize = entering + rowFloats;
/** exp(c_N), four times. */
export const kept: usize = leaving + rowFloats;
/** exp(c_n - c_j) of the row n at hand, for all j. */
export const decayRow: usize = kept + 64;
/** Scores times decays, [32, 32]. */
export const weights: usize = decayRow + rowFloats;
/** q / sqrt(D), rows of `stride` bytes. */
export const queries: usize = weights + rowFloats * <usize>chunkRows;

/** Bytes of a row of D floats, padded to whole panels. */
// @ts-ignore: decorator
@inline
export function strideOf(D: i32): usize {
  return <usize>((D + 7) & ~7) << 2;
}

/** k in panels of 8 rows: (j, d) at ((j >> 3)·D + d)·8 + (j & 7). */
// @ts-ignore: decorator
@inline
export function keyPanels(stride: usize): usize {
  return queries + stride * <usize>chunkRows;
}

/** k · exp(c_N - c_j), rows of `stride` bytes. */
// @ts-ignore: decorator
@inline
export function leavingKeys(stride: usize): usize {
  return keyPanels(stride) + stride * <usize>chunkRows;
}

/** v in panels of 8 columns: (j, c) at ((c >> 3)·32 + j)·8 + (c & 7). */
// @ts-ignore: decorator
@inline
export function valuePanels(stride: usize): usize {
  return leavingKeys(stride) + stride * <usize>chunkRows;
}

/** o, rows of `stride` bytes. */
// @ts-ignore: decorator
@inline
export function results(stride: usize): usize {
  return valuePanels(stride) + stride * <usize>chunkRows;
}

/** The state in panels of 8 columns: (d, c) at ((c >> 3)·paddedD + d)·8 + (c & 7). */
// @ts-ignore: decorator
@inline
export function statePanels(stride: usize): usize {
  return results(stride) + stride * <usize>chunkRows;
}

// @ts-ignore: decorator
@inline
export function scratchBytes(D: i32): usize {
  const stride = strideOf(D);
  return statePanels(stride) + stride * (stride >> 2);
}
