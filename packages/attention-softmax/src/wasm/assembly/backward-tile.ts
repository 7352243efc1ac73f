// One tile of keys with the queries that see it: what both gradients of softmax attention are made of.
//
// Every element of a gradient is one chain of multiply-adds: over ascending keys for a query, over ascending heads, then rows,
// for a key or a value. So it does not matter which call of `differentiateTile` adds to which of them.
import { exponential } from 'kernel/exponential';
import { fma, splat } from 'kernel/simd';
import { larger, smaller } from 'kernel/split';
import {
  constantsOf,
  gradientsOf,
  Job,
  keyRowsOf,
  keySumsOf,
  keyTile,
  keyTileBlocks,
  lanesOf,
  rowChunk,
  stagedOf,
  tileStride,
  valueColumnsOf,
  valueSumsOf,
  weightsOf,
} from './backward-scratch';
import { copyFloats, keysFromBlock, keysToBlock } from './blocks';
import { groupSize } from './scratch';
import { keyBlockAt, valueDistance } from './segments';
import { tile1x1, tile2x1, tile3x1, tile4x1, tileTransposed } from './tiles';

/**
 * Goes with rows [fromRow, toRow) of the segment, numbers from its first row on, over the tile whose first position is `tile`.
 * `ofKeys`: computes the gradients of the tile's keys and values, which needs all rows. `ofQueries`: adds to the gradients of
 * the queries.
 */
export function differentiateTile(
  scratch: usize,
  job: Job,
  head: i32,
  tile: i32,
  fromRow: i32,
  toRow: i32,
  ofKeys: bool,
  ofQueries: bool,
): void {
  const padded = job.padded;
  const end = job.start + job.length;
  const firstKey = larger(tile, job.start);
  const endKey = smaller(tile + keyTile, end);
  const firstBlock = (firstKey - tile) >> 3;
  const endBlock = (endKey - tile + 7) >> 3;
  const keys = blocksAt(job, job.fresh, head, tile);
  packValues(scratch, job, keys, firstBlock, endBlock);
  if (ofQueries) packKeys(scratch, job, keys, firstBlock, endBlock);
  if (ofKeys) memory.fill(keySumsOf(scratch, padded), 0, <usize>(padded * keyTile) << 3);
  const first = larger(fromRow, firstKey - job.start);
  const stop = job.window == 0 ? toRow : smaller(toRow, endKey - 1 + job.window - job.start);
  for (let ofGroup = 0; ofGroup < job.perHead; ofGroup++) {
    for (let row = first & ~(groupSize - 1); row < stop; row += rowChunk) {
      const rows = smaller(rowChunk, stop - row);
      chunk(scratch, job, keys, head * job.perHead + ofGroup, tile, firstKey, endKey, row, rows, ofKeys, ofQueries);
    }
  }
  if (!ofKeys) return;
  const blockBytes = <usize>job.headDim << 5;
  const to = blocksAt(job, job.ofFresh, head, tile);
  const toValues = to + valueDistance(job.heads, job.blocks, blockBytes);
  const paddedBytes = <usize>padded << 2;
  for (let block = firstBlock; block < endBlock; block++) {
    const offset = <usize>block * blockBytes;
    copyFloats(keySumsOf(scratch, padded) + <usize>block * (paddedBytes << 3), to + offset, job.headDim << 3);
    let from = valueSumsOf(scratch, padded) + <usize>block * (paddedBytes << 3);
    let row = toValues + offset;
    for (let key = 0; key < 8; key++) {
      copyFloats(from, row, job.headDim);
      from += paddedBytes;
      row += <usize>job.headDim << 2;
    }
  }
}

/** Key block of position `tile` in blocks like the fresh ones; may lie before the first of them. */
// @ts-ignore: decorator
@inline
function blocksAt(job: Job, blocks: usize, head: i32, tile: i32): usize {
  return keyBlockAt(blocks, 0, job.heads, head, job.blocks, 0, <usize>job.headDim << 5) +
    <usize>(job.shift + (tile >> 3)) * (<usize>job.headDim << 5);
}

/** Values of blocks [first, end): [8, D] → [D, 8]. */
function packValues(scratch: usize, job: Job, keys: usize, first: i32, end: i32): void {
  const headDim = job.headDim;
  const blockBytes = <usize>headDim << 5;
  const values = keys + valueDistance(job.heads, job.blocks, blockBytes);
  for (let block = first; block < end; block++) {
    const to = valueColumnsOf(scratch, job.padded) + (<usize>(block * job.padded) << 5);
    keysToBlock(values + <usize>block * blockBytes, <usize>headDim << 2, to, 0, 8, headDim);
  }
}

/** Keys of blocks [first, end): [D, 8] → [8, D]. */
function packKeys(scratch: usize, job: Job, keys: usize, first: i32, end: i32): void {
  const headDim = job.headDim;
  const stride = <usize>job.padded << 2;
  for (let block = first; block < end; block++) {
    const from = keys + (<usize>(block * headDim) << 5);
    const to = keyRowsOf(scratch) + <usize>(block << 3) * stride;
    if (headDim != job.padded) memory.fill(to, 0, stride << 3);
    keysFromBlock(from, to, stride, 0, 8, headDim);
  }
}

/** Rows [row, row + rows) of query head `queryHead` with the tile's keys [firstKey, endKey). */
function chunk(
  scratch: usize,
  job: Job,
  keys: usize,
  queryHead: i32,
  tile: i32,
  firstKey: i32,
  endKey: i32,
  row: i32,
  rows: i32,
  ofKeys: bool,
  ofQueries: bool,
): void {
  const padded = job.padded;
  const headDim = job.headDim;
  const heads = job.heads * job.perHead;
  const query = (job.firstRow + row) * heads + queryHead;
  const at = <usize>(query * headDim) << 2;
  let stride = <usize>(heads * headDim) << 2;
  let q = job.q + at;
  let gradient = job.gradient + at;
  let queries = job.ofQueries + at;
  const whole = padded == headDim;
  if (!whole) {
    q = stage(q, stride, stagedOf(scratch, padded, 0), rows, headDim, padded);
    gradient = stage(gradient, stride, stagedOf(scratch, padded, 1), rows, headDim, padded);
    if (ofQueries) queries = stage(queries, stride, stagedOf(scratch, padded, 2), rows, headDim, padded);
    stride = <usize>padded << 2;
  }
  const weights = weightsOf(scratch);
  const gradients = gradientsOf(scratch);
  for (let r = 0; r < rows; r += groupSize) {
    const count = smaller(groupSize, rows - r);
    const low = job.start + row + r;
    const from = firstSeen(job, low, firstKey) - tile;
    const to = smaller(low + count, endKey) - tile;
    if (from >= to) continue;
    const offset = <usize>r * stride;
    const scores = <usize>r * tileStride;
    const block = from >> 3;
    const end = (to + 7) >> 3;
    products(count, headDim, q + offset, stride, keys, <usize>headDim << 5, weights + scores, block, end);
    const columns = valueColumnsOf(scratch, padded);
    products(count, headDim, gradient + offset, stride, columns, <usize>padded << 5, gradients + scores, block, end);
    for (let i = 0; i < count; i++) {
      const seen = firstSeen(job, low + i, firstKey) - tile;
      const stop = smaller(low + i + 1, endKey) - tile;
      const index = <usize>(query + (r + i) * heads) << 3;
      const line = scores + <usize>i * tileStride;
      differentiate(
        scratch,
        weights + line,
        gradients + line,
        block,
        end,
        seen,
        stop,
        job.statistics + index,
        job.rows + index,
        job.scale,
      );
    }
    if (!ofQueries) continue;
    let b = keyRowsOf(scratch) + <usize>(from * padded) * 4;
    let c = queries + offset;
    const behind = c + (<usize>padded << 2);
    for (; c < behind; c += 32, b += 32) {
      tileOf(count, to - from, gradients + scores + (<usize>from << 2), tileStride, b, <usize>padded << 2, c, stride, false);
    }
  }
  if (ofQueries && !whole) {
    unstage(queries, job.ofQueries + at, <usize>(heads * headDim) << 2, rows, headDim, padded);
  }
  if (!ofKeys) return;
  const last = (endKey - tile + 7) >> 3;
  for (let block = (firstKey - tile) >> 3; block < last; block++) {
    const key = tile + (block << 3);
    const first = larger(row, larger(key, firstKey) - job.start);
    let stop = row + rows;
    if (job.window != 0) stop = smaller(stop, smaller(key + 8, endKey) - 1 + job.window - job.start);
    if (first >= stop) continue;
    const skipped = <usize>(first - row);
    const scores = skipped * tileStride + (<usize>block << 5);
    const offset = skipped * stride;
    const bytes = <usize>padded << 2;
    let values = valueSumsOf(scratch, padded) + <usize>(block << 3) * bytes;
    for (let half: usize = 0; half < 32; half += 16) {
      for (let d: usize = 0; d < bytes; d += 32) {
        tileTransposed(stop - first, weights + scores + half, tileStride, gradient + offset + d, stride, values + d, bytes);
      }
      values += bytes << 2;
    }
    let sums = keySumsOf(scratch, padded) + <usize>(block << 3) * bytes;
    for (let d: usize = 0; d < bytes; d += 16) {
      tileTransposed(stop - first, q + offset + d, stride, gradients + scores, tileStride, sums, 32);
      sums += 128;
    }
  }
}

/** First key from `firstKey` on that the query at `position` sees. */
// @ts-ignore: decorator
@inline
function firstSeen(job: Job, position: i32, firstKey: i32): i32 {
  return job.window == 0 ? firstKey : larger(firstKey, position - job.window + 1);
}

/** Copies rows to a chunk's own, [rows, padded], zeros behind each; returns where they are. */
function stage(from: usize, stride: usize, to: usize, rows: i32, headDim: i32, padded: i32): usize {
  memory.fill(to, 0, <usize>(rows * padded) << 2);
  for (let i = 0; i < rows; i++) {
    copyFloats(from + <usize>i * stride, to + (<usize>(i * padded) << 2), headDim);
  }
  return to;
}

function unstage(from: usize, to: usize, stride: usize, rows: i32, headDim: i32, padded: i32): void {
  for (let i = 0; i < rows; i++) {
    copyFloats(from + (<usize>(i * padded) << 2), to + <usize>i * stride, headDim);
  }
}

/** c = `count` rows of a · blocks [from, to) of b, each [D, 8] and `blockBytes` long. */
// @ts-ignore: decorator
@inline
function products(
  count: i32,
  headDim: i32,
  a: usize,
  lda: usize,
  b: usize,
  blockBytes: usize,
  c: usize,
  from: i32,
  to: i32,
): void {
  for (let block = from; block < to; block++) {
    tileOf(count, headDim, a, lda, b + <usize>block * blockBytes, 32, c + (<usize>block << 5), tileStride, true);
  }
}

// @ts-ignore: decorator
@inline
function tileOf(
  count: i32,
  k: i32,
  a: usize,
  lda: usize,
  b: usize,
  step: usize,
  c: usize,
  ldc: usize,
  first: bool,
): void {
  if (count == groupSize) tile4x1(k, a, lda, b, step, c, ldc, first);
  else if (count == 3) tile3x1(k, a, lda, b, step, c, ldc, first);
  else if (count == 2) tile2x1(k, a, lda, b, step, c, ldc, first);
  else tile1x1(k, a, b, step, c, first);
}

/** Lanes of keys [from, to), the first lane's being `key`. */
// @ts-ignore: decorator
@inline
function seenLanes(scratch: usize, key: i32, from: i32, to: i32): v128 {
  const keys = i32x4.add(lanesOf(scratch), i32x4.splat(key));
  return v128.and(i32x4.ge_s(keys, i32x4.splat(from)), i32x4.lt_s(keys, i32x4.splat(to)));
}

/**
 * One query in blocks [block, end) of the tile: scores → probabilities, and their gradients → those of the scores, both divided
 * by sqrt(D). Keys outside [from, to) get 0.
 */
function differentiate(
  scratch: usize,
  weights: usize,
  gradients: usize,
  block: i32,
  end: i32,
  from: i32,
  to: i32,
  statistics: usize,
  row: usize,
  scale: f32,
): void {
  const constants = constantsOf(scratch);
  const factor = f32x4.splat(scale);
  const maximum = splat(statistics);
  const share = splat(row);
  const mean = splat(row, 4);
  for (; block < end; block++) {
    const at = <usize>block << 5;
    const key = block << 3;
    let p0 = f32x4.sub(f32x4.mul(v128.load(weights + at), factor), maximum);
    let p1 = f32x4.sub(f32x4.mul(v128.load(weights + at, 16), factor), maximum);
    p0 = f32x4.mul(exponential(p0, constants), share);
    p1 = f32x4.mul(exponential(p1, constants), share);
    if (key < from || key + 8 > to) {
      p0 = v128.and(p0, seenLanes(scratch, key, from, to));
      p1 = v128.and(p1, seenLanes(scratch, key + 4, from, to));
    }
    v128.store(weights + at, p0);
    v128.store(weights + at, p1, 16);
    const g0 = fma(v128.load(gradients + at), factor, mean);
    const g1 = fma(v128.load(gradients + at, 16), factor, mean);
    v128.store(gradients + at, f32x4.mul(p0, g0));
    v128.store(gradients + at, f32x4.mul(p1, g1), 16);
  }
}
