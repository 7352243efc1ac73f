// The two products of a group of up to four queries with a tile: scores = queries · keysᵀ, sums += weights · values.
import { smaller } from 'kernel/split';
import { groupSize, keyTable, narrowValues, scoreStride, scoresOf, sumStride, valueTable } from './scratch';
import { tile1x1, tile1x4, tile2x1, tile2x2, tile3x1, tile4x1 } from './tiles';

// @ts-ignore: decorator
@inline
function keyBlock(scratch: usize, block: i32): usize {
  return <usize>load<u32>(keyTable(scratch, block));
}

// @ts-ignore: decorator
@inline
function valueBlock(scratch: usize, block: i32): usize {
  return <usize>load<u32>(valueTable(scratch, block));
}

/** Scores of `rows` queries, the first at `queries`, with blocks [from, to) of the tile. */
export function score(scratch: usize, queries: usize, rows: i32, from: i32, to: i32, headDim: i32): void {
  const lda = <usize>headDim << 2;
  let c = scoresOf(scratch) + (<usize>from << 5);
  let block = from;
  if (rows == groupSize) {
    for (; block < to; block++, c += 32) {
      tile4x1(headDim, queries, lda, keyBlock(scratch, block), 32, c, scoreStride, true);
    }
  } else if (rows == 3) {
    for (; block < to; block++, c += 32) {
      tile3x1(headDim, queries, lda, keyBlock(scratch, block), 32, c, scoreStride, true);
    }
  } else if (rows == 2) {
    for (; block + 1 < to; block += 2, c += 64) {
      const b0 = keyBlock(scratch, block);
      tile2x2(headDim, queries, lda, b0, keyBlock(scratch, block + 1), 32, c, scoreStride, true);
    }
    if (block < to) tile2x1(headDim, queries, lda, keyBlock(scratch, block), 32, c, scoreStride, true);
  } else {
    for (; block + 3 < to; block += 4, c += 128) {
      const b0 = keyBlock(scratch, block);
      const b1 = keyBlock(scratch, block + 1);
      const b2 = keyBlock(scratch, block + 2);
      tile1x4(headDim, queries, b0, b1, b2, keyBlock(scratch, block + 3), 32, c, true);
    }
    for (; block < to; block++, c += 32) tile1x1(headDim, queries, keyBlock(scratch, block), 32, c, true);
  }
}

/**
 * Adds weights · values of the tile's keys [from, to) to the sums of `rows` queries; `weights` and `sums` are the first
 * query's. No other key is read: a product with a weight of zero would still let NaN through.
 */
export function accumulate(
  scratch: usize,
  weights: usize,
  sums: usize,
  rows: i32,
  from: i32,
  to: i32,
  headDim: i32,
): void {
  const blockBytes = <usize>headDim << 5;
  const ldc = sumStride(headDim);
  let key = from;
  while (key < to) {
    const a = weights + (<usize>key << 2);
    if (headDim < 8) {
      panels(to - key, a, narrowValues(scratch) + (<usize>key << 5), 32, sums, ldc, rows, 8);
      return;
    }
    // blocks that follow each other in memory are one run
    let block = key >> 3;
    const first = valueBlock(scratch, block);
    let end = (block + 1) << 3;
    let next = first + blockBytes;
    while (end < to && valueBlock(scratch, ++block) == next) {
      end += 8;
      next += blockBytes;
    }
    const b = first + (<usize>((key & 7) * headDim) << 2);
    panels(smaller(end, to) - key, a, b, <usize>headDim << 2, sums, ldc, rows, headDim);
    key = end;
  }
}

/** All columns of one run of keys. The last panel of a width that is no multiple of 8 overlaps the one before. */
function panels(
  k: i32,
  a: usize,
  b: usize,
  step: usize,
  c: usize,
  ldc: usize,
  rows: i32,
  width: i32,
): void {
  const end = b + (<usize>(width & ~7) << 2);
  const last = (width & 7) != 0 ? b + (<usize>(width - 8) << 2) : 0;
  if (rows == groupSize) {
    for (; b < end; b += 32, c += 32) tile4x1(k, a, scoreStride, b, step, c, ldc, false);
    if (last) tile4x1(k, a, scoreStride, last, step, c, ldc, false);
  } else if (rows == 3) {
    for (; b < end; b += 32, c += 32) tile3x1(k, a, scoreStride, b, step, c, ldc, false);
    if (last) tile3x1(k, a, scoreStride, last, step, c, ldc, false);
  } else if (rows == 2) {
    for (; b + 32 < end; b += 64, c += 64) tile2x2(k, a, scoreStride, b, b + 32, step, c, ldc, false);
    if (b < end) {
      tile2x1(k, a, scoreStride, b, step, c, ldc, false);
      c += 32;
    }
    if (last) tile2x1(k, a, scoreStride, last, step, c, ldc, false);
  } else {
    for (; b + 96 < end; b += 128, c += 128) tile1x4(k, a, b, b + 32, b + 64, b + 96, step, c, false);
    for (; b < end; b += 32, c += 32) tile1x1(k, a, b, step, c, false);
    if (last) tile1x1(k, a, last, step, c, false);
  }
}
