// A thread's part of the workspace: what one block of queries needs while it goes over the keys. Parts are multiples of 64
// bytes.
import { exponentialConstantBytes, storeExponentialConstants } from 'kernel/exponential';

/** Keys of a tile: tiles begin at multiples of it, in absolute positions. */
export const tileKeys: i32 = 64;
/** Blocks of a tile. */
export const tileBlocks: i32 = tileKeys >> 3;
/** Most queries (row, head) that go over the keys together. */
export const queryBlock: i32 = 32;
/** Queries that share registers. */
export const groupSize: i32 = 4;
/** Bytes of a query's scores in a tile. */
export const scoreStride: usize = <usize>tileKeys << 2;

const infinityAt: usize = <usize>exponentialConstantBytes;
const lanesAt: usize = infinityAt + 16;
const blockTableAt: usize = infinityAt + 64;
const scoresAt: usize = (blockTableAt + (<usize>tileBlocks << 4) + 63) & ~63;
const narrowValuesAt: usize = scoresAt + scoreStride * <usize>groupSize;
const maximaAt: usize = narrowValuesAt + (<usize>tileKeys << 5);
const totalsAt: usize = maximaAt + (<usize>queryBlock << 2);
const queriesAt: usize = totalsAt + (<usize>queryBlock << 4);

/** Bytes of a query's sums: D in whole panels of 8. */
// @ts-ignore: decorator
@inline
export function sumStride(headDim: i32): usize {
  return <usize>((headDim + 7) & ~7) << 2;
}

// @ts-ignore: decorator
@inline
export function scratchBytes(headDim: i32): usize {
  return (sumsOf(0, headDim) + sumStride(headDim) * <usize>queryBlock + 63) & ~63;
}

/** Constants that loops read from memory: as literals the engine would rebuild them each time. */
export function storeConstants(scratch: usize): void {
  storeExponentialConstants(scratch);
  v128.store(scratch + infinityAt, f32x4.splat(-Infinity));
  for (let i = 0; i < 4; i++) store<i32>(scratch + lanesAt + (<usize>i << 2), i);
}

/** −∞ in every lane. */
// @ts-ignore: decorator
@inline
export function negativeInfinity(scratch: usize): v128 {
  return v128.load(scratch + infinityAt);
}

/** Lane numbers 0 to 3. */
// @ts-ignore: decorator
@inline
export function laneNumbers(scratch: usize): v128 {
  return v128.load(scratch + lanesAt);
}

/** Key addresses of the tile's blocks, then of the next tile's. */
// @ts-ignore: decorator
@inline
export function keyTable(scratch: usize, block: i32): usize {
  return scratch + blockTableAt + (<usize>block << 3);
}

/** Value addresses, beside them. */
// @ts-ignore: decorator
@inline
export function valueTable(scratch: usize, block: i32): usize {
  return keyTable(scratch, block) + 4;
}

/** Scores, then weights, of a group of queries [4, tileKeys]. */
// @ts-ignore: decorator
@inline
export function scoresOf(scratch: usize): usize {
  return scratch + scoresAt;
}

/** The tile's values [tileKeys, 8], for heads narrower than 8. */
// @ts-ignore: decorator
@inline
export function narrowValues(scratch: usize): usize {
  return scratch + narrowValuesAt;
}

/** Largest score so far, one float a query. */
// @ts-ignore: decorator
@inline
export function maxima(scratch: usize): usize {
  return scratch + maximaAt;
}

/** Sums of weights so far, four lanes a query. */
// @ts-ignore: decorator
@inline
export function totals(scratch: usize): usize {
  return scratch + totalsAt;
}

/** q / sqrt(D) [queryBlock, D]. */
// @ts-ignore: decorator
@inline
export function queriesOf(scratch: usize): usize {
  return scratch + queriesAt;
}

/** Weighted sums of values [queryBlock, D in panels]. */
// @ts-ignore: decorator
@inline
export function sumsOf(scratch: usize, headDim: i32): usize {
  return scratch + queriesAt + ((<usize>(headDim * queryBlock) << 2) + 63) & ~63;
}
