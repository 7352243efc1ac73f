// What the gradient of softmax attention works with: facts of the call and of a segment, and a thread's part of the
// workspace. The workspace begins with two floats for every query (row, head), shared by all threads.
import { exponentialConstantBytes, storeExponentialConstants } from 'kernel/exponential';

/** Keys of a tile: tiles begin at multiples of it, in absolute positions. */
export const keyTile: i32 = 32;
/** Blocks of a tile. */
export const keyTileBlocks: i32 = keyTile >> 3;
/** Most rows of one head that go through a tile together. */
export const rowChunk: i32 = 64;
/** Bytes of a query's scores in a tile. */
export const tileStride: usize = <usize>keyTile << 2;

/** Lives in a thread's scratch memory. */
@unmanaged
export class Job {
  // the call
  q: usize;
  table: usize;
  fresh: usize;
  out: usize;
  statistics: usize;
  gradient: usize;
  ofQueries: usize;
  ofFresh: usize;
  /** Two floats a query: 1 / its sum of weights · −(gradient · out) / sqrt(D). */
  rows: usize;
  count: i32;
  maxRows: i32;
  headDim: i32;
  /** D in whole panels of 8. */
  padded: i32;
  /** G */
  heads: i32;
  /** H / G */
  perHead: i32;
  /** 0 for none. */
  window: i32;
  /** Fresh blocks of a head. */
  blocks: i32;
  scale: f32;
  // the segment
  firstRow: i32;
  length: i32;
  start: i32;
  /** Fresh block of position block 0; may be negative. */
  shift: i32;
}

const jobBytes: usize = 128;
const constantsAt: usize = jobBytes;
const lanesAt: usize = constantsAt + <usize>exponentialConstantBytes;
const weightsAt: usize = lanesAt + 64;
const chunkScores: usize = <usize>rowChunk * tileStride;
const tilesAt: usize = weightsAt + 2 * chunkScores;

/** Bytes of a thread's scratch memory without its loads: five arrays of a tile, three of a chunk. */
// @ts-ignore: decorator
@inline
export function backwardScratchBytes(headDim: i32): usize {
  const padded = <usize>((headDim + 7) & ~7) << 2;
  const staged: usize = (headDim & 7) != 0 ? 3 * <usize>rowChunk : 0;
  return tilesAt + padded * (4 * <usize>keyTile + staged);
}

export function storeBackwardConstants(scratch: usize): void {
  storeExponentialConstants(scratch + constantsAt);
  for (let i = 0; i < 4; i++) store<i32>(scratch + lanesAt + (<usize>i << 2), i);
}

/** Constants of `exponential`. */
// @ts-ignore: decorator
@inline
export function constantsOf(scratch: usize): usize {
  return scratch + constantsAt;
}

/** Lane numbers 0 to 3. */
// @ts-ignore: decorator
@inline
export function lanesOf(scratch: usize): v128 {
  return v128.load(scratch + lanesAt);
}

/** Scores, then probabilities [rowChunk, keyTile]. */
// @ts-ignore: decorator
@inline
export function weightsOf(scratch: usize): usize {
  return scratch + weightsAt;
}

/** Gradients of the probabilities, then of the scores [rowChunk, keyTile]. */
// @ts-ignore: decorator
@inline
export function gradientsOf(scratch: usize): usize {
  return scratch + weightsAt + chunkScores;
}

/** Keys of the tile as rows [keyTile, padded D]. */
// @ts-ignore: decorator
@inline
export function keyRowsOf(scratch: usize): usize {
  return scratch + tilesAt;
}

/** Array `index` of those that are [keyTile, padded D]. */
// @ts-ignore: decorator
@inline
function tileArray(scratch: usize, padded: i32, index: usize): usize {
  return scratch + tilesAt + index * (<usize>(padded * keyTile) << 2);
}

/** Values of the tile, a block [padded D, 8]. */
// @ts-ignore: decorator
@inline
export function valueColumnsOf(scratch: usize, padded: i32): usize {
  return tileArray(scratch, padded, 1);
}

/** Gradients of the tile's keys, a block [padded D, 8]. */
// @ts-ignore: decorator
@inline
export function keySumsOf(scratch: usize, padded: i32): usize {
  return tileArray(scratch, padded, 2);
}

/** Gradients of the tile's values [keyTile, padded D]. */
// @ts-ignore: decorator
@inline
export function valueSumsOf(scratch: usize, padded: i32): usize {
  return tileArray(scratch, padded, 3);
}

/** Array `index` of a chunk's rows [rowChunk, padded D], for widths that are no multiple of 8. */
// @ts-ignore: decorator
@inline
export function stagedOf(scratch: usize, padded: i32, index: usize): usize {
  return tileArray(scratch, padded, 4) + index * (<usize>(padded * rowChunk) << 2);
}
