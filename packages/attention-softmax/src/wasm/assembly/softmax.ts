// attention.softmax, attention.softmax_ring, attention.softmax_paged.
//
// A task is a block of up to 32 queries (row, head) of one segment that read one key/value head; it goes once over their
// keys, tile by tile, four queries at a time. Threads take tasks in turn. What a query computes depends on its position and
// on the keys it sees, in tiles at absolute positions, and on nothing else.
import { cell, tensor, word, workspace } from 'kernel/arguments';
import { ceilDivide, larger, smaller } from 'kernel/split';
import { sumLanes } from 'kernel/simd';
import { copyFloats } from './blocks';
import { endBlockOf, findBlocks, firstBlockOf, Memory, memoryBytes, readAhead, widenValues } from './memory';
import { accumulate, score } from './products';
import {
  groupSize,
  maxima,
  queriesOf,
  queryBlock,
  scoreStride,
  scoresOf,
  scratchBytes,
  storeConstants,
  sumStride,
  sumsOf,
  tileBlocks,
  tileKeys,
  totals,
} from './scratch';
import { firstRowOf, firstUnit, freshBlockOf, rowsOf, slotOf, startOf } from './segments';
import { weigh } from './weights';

/**
 * Arguments: 4 q · 5 segments · 6 fresh blocks · 7 out · 8 statistics · 9 segment count (cell) · 10 rows (cell) · 11 D · 12 G ·
 * 13 H / G · 14 window, 0 for none · 15 fresh blocks a head.
 */
export function attention_softmax(args: usize, thread: i32, threads: i32): void {
  const memory = memoryOf(args, thread);
  memory.fresh = tensor(args, 2);
  memory.freshBlocks = word(args, 15);
  memory.stored = 0;
  memory.pages = 0;
  memory.statistics = tensor(args, 4);
  run(args, thread, threads, memory, 0, 3);
}

/** Arguments: 4 q · 5 segments · 6 fresh blocks · 7 ring · 8 out · 9 … 15 as above · 16 ring blocks. */
export function attention_softmax_ring(args: usize, thread: i32, threads: i32): void {
  const memory = memoryOf(args, thread);
  memory.fresh = tensor(args, 2);
  memory.freshBlocks = word(args, 15);
  memory.stored = tensor(args, 3);
  memory.storedBlocks = word(args, 16);
  memory.pages = 0;
  run(args, thread, threads, memory, 0, 4);
}

/** Arguments: 4 q · 5 segments · 6 pool · 7 page table · 8 out · 9 … 14 as above · 15 blocks a page · 16 pages a sequence. */
export function attention_softmax_paged(args: usize, thread: i32, threads: i32): void {
  const memory = memoryOf(args, thread);
  memory.fresh = 0;
  memory.stored = tensor(args, 2);
  memory.storedBlocks = word(args, 15);
  run(args, thread, threads, memory, <usize>(word(args, 16) << 2), 4);
}

/** Bytes of a thread's part of the workspace. */
export function attention_scratch_bytes(headDim: i32): i32 {
  return memoryBytes + <i32>scratchBytes(headDim);
}

// @ts-ignore: decorator
@inline
function memoryOf(args: usize, thread: i32): Memory {
  const headDim = word(args, 11);
  const own = workspace(args) + <usize>(thread * attention_scratch_bytes(headDim));
  const memory = changetype<Memory>(own);
  memory.headDim = headDim;
  memory.heads = word(args, 12);
  memory.statistics = 0;
  return memory;
}

/** `out`: which tensor the result is. `pageStride`: bytes of a slot's row of the page table, 0 without one. */
function run(args: usize, thread: i32, threads: i32, memory: Memory, pageStride: usize, out: i32): void {
  const table = tensor(args, 1);
  const count = cell(args, 9);
  const maxRows = cell(args, 10);
  const heads = memory.heads;
  const perHead = word(args, 13);
  const window = word(args, 14);
  const scratch = changetype<usize>(memory) + <usize>memoryBytes;
  storeConstants(scratch);
  // smaller tasks only where threads would have none
  let size = queryBlock;
  while (size > 1 && tasksOf(table, count, maxRows, heads, perHead, size) < threads) size >>= 1;
  let dealt = 0;
  for (let s = 0; s < count; s++) {
    const rows = rowsOf(table, s, maxRows);
    if (rows == 0) continue;
    const start = startOf(table, s);
    const slot = slotOf(table, s);
    memory.slot = slot;
    memory.firstFresh = start >> 3;
    memory.freshShift = freshBlockOf(table, s) - (start >> 3);
    if (pageStride != 0) memory.pages = tensor(args, 3) + <usize>slot * pageStride;
    const earliest = memory.stored != 0 ? 0 : start;
    const queries = rows * perHead;
    const tasks = ceilDivide(queries, size) * heads;
    for (let task = firstUnit(dealt, thread, threads); task < tasks; task += threads) {
      const first = (task / heads) * size;
      attend(
        scratch,
        memory,
        tensor(args, 0),
        tensor(args, out),
        firstRowOf(table, s),
        start,
        earliest,
        window,
        task % heads,
        perHead,
        first,
        smaller(size, queries - first),
      );
    }
    dealt += tasks;
  }
}

function tasksOf(table: usize, count: i32, maxRows: i32, heads: i32, perHead: i32, size: i32): i32 {
  let tasks = 0;
  for (let s = 0; s < count; s++) tasks += ceilDivide(rowsOf(table, s, maxRows) * perHead, size) * heads;
  return tasks;
}

/** First position that the query at `position` sees. */
// @ts-ignore: decorator
@inline
function firstVisible(position: i32, earliest: i32, window: i32): i32 {
  return window == 0 ? earliest : larger(earliest, position - window + 1);
}

/** One task: queries [first, first + count) in order of (row, head), of a segment that begins at `row` and `start`. */
function attend(
  scratch: usize,
  memory: Memory,
  q: usize,
  out: usize,
  row: i32,
  start: i32,
  earliest: i32,
  window: i32,
  head: i32,
  perHead: i32,
  first: i32,
  count: i32,
): void {
  const headDim = memory.headDim;
  begin(scratch, q, row, head, memory.heads, perHead, first, count, headDim);
  const position = start + first / perHead;
  const last = start + (first + count - 1) / perHead;
  const lowest = firstVisible(position, earliest, window);
  const alone = count <= groupSize;
  const firstTile = (lowest / tileKeys) * tileBlocks;
  for (let tile = firstTile; tile << 3 <= last; tile += tileBlocks) {
    const from = firstBlockOf(lowest, tile);
    const to = endBlockOf(last, tile);
    findBlocks(scratch, memory, head, tile, from, to);
    if (alone) {
      if (tile == firstTile) readAhead(scratch, headDim, from, to);
      if ((tile + tileBlocks) << 3 <= last) {
        const end = tileBlocks + endBlockOf(last, tile + tileBlocks);
        findBlocks(scratch, memory, head, tile, tileBlocks, end);
        readAhead(scratch, headDim, tileBlocks, end);
      }
    }
    if (headDim < 8) widenValues(scratch, headDim, from, to);
    for (let query = 0; query < count; query += groupSize) {
      const rows = smaller(groupSize, count - query);
      group(scratch, headDim, tile << 3, start, earliest, window, perHead, first, query, rows);
    }
  }
  finish(scratch, memory, out, row, head, perHead, first, count);
}

/** Up to four queries, numbers `query`… of the task, with one tile that begins at position `tile`. */
function group(
  scratch: usize,
  headDim: i32,
  tile: i32,
  start: i32,
  earliest: i32,
  window: i32,
  perHead: i32,
  first: i32,
  query: i32,
  rows: i32,
): void {
  const lowest = start + (first + query) / perHead;
  const highest = start + (first + query + rows - 1) / perHead;
  // keys that any of them sees, and that all of them see
  const from = larger(firstVisible(lowest, earliest, window) - tile, 0);
  const to = smaller(highest + 1 - tile, tileKeys);
  if (from >= to) return;
  const allFrom = larger(firstVisible(highest, earliest, window) - tile, 0);
  const allTo = smaller(lowest + 1 - tile, tileKeys);
  const firstBlock = from >> 3;
  const endBlock = (to + 7) >> 3;
  score(scratch, queriesOf(scratch) + (<usize>(query * headDim) << 2), rows, firstBlock, endBlock, headDim);
  const stride = sumStride(headDim);
  const weights = scoresOf(scratch);
  const sums = sumsOf(scratch, headDim) + <usize>query * stride;
  for (let r = 0; r < rows; r++) {
    const own = start + (first + query + r) / perHead;
    const ownFrom = larger(firstVisible(own, earliest, window) - tile, 0);
    const ownTo = smaller(own + 1 - tile, tileKeys);
    if (ownFrom >= ownTo) continue;
    const at = weights + <usize>r * scoreStride;
    const sum = sums + <usize>r * stride;
    const maximum = maxima(scratch) + (<usize>(query + r) << 2);
    const total = totals(scratch) + (<usize>(query + r) << 4);
    weigh(scratch, at, firstBlock, endBlock, ownFrom, ownTo, maximum, total, sum, stride);
    const shared = allFrom < allTo ? allFrom : ownTo;
    if (ownFrom < shared) accumulate(scratch, at, sum, 1, ownFrom, shared, headDim);
  }
  if (allFrom >= allTo) return;
  accumulate(scratch, weights, sums, rows, allFrom, allTo, headDim);
  for (let r = 0; r < rows; r++) {
    const own = start + (first + query + r) / perHead;
    const ownTo = smaller(own + 1 - tile, tileKeys);
    if (allTo >= ownTo) continue;
    accumulate(scratch, weights + <usize>r * scoreStride, sums + <usize>r * stride, 1, allTo, ownTo, headDim);
  }
}

/** Brings the queries in, divided by sqrt(D), and sets their sums to nothing. */
function begin(
  scratch: usize,
  q: usize,
  row: i32,
  head: i32,
  heads: i32,
  perHead: i32,
  first: i32,
  count: i32,
  headDim: i32,
): void {
  const scale = <f32>(1.0 / sqrt<f64>(<f64>headDim));
  const stride = sumStride(headDim);
  let to = queriesOf(scratch);
  for (let i = 0; i < count; i++) {
    let from = rowOf(q, row, head, heads, perHead, first + i, headDim);
    for (let d = 0; d < headDim; d++) {
      store<f32>(to, load<f32>(from) * scale);
      from += 4;
      to += 4;
    }
    store<f32>(maxima(scratch) + (<usize>i << 2), -Infinity);
    v128.store(totals(scratch) + (<usize>i << 4), i32x4.splat(0));
  }
  memory.fill(sumsOf(scratch, headDim), 0, stride * <usize>count);
}

/** Writes sums / totals to the result, and the statistics where they are wanted. */
function finish(
  scratch: usize,
  memory: Memory,
  out: usize,
  row: i32,
  head: i32,
  perHead: i32,
  first: i32,
  count: i32,
): void {
  const headDim = memory.headDim;
  const heads = memory.heads;
  const stride = sumStride(headDim);
  const whole = <usize>(headDim & ~7) << 2;
  let sums = sumsOf(scratch, headDim);
  for (let i = 0; i < count; i++) {
    const to = rowOf(out, row, head, heads, perHead, first + i, headDim);
    const sum = sumLanes(v128.load(totals(scratch) + (<usize>i << 4)));
    if (memory.statistics != 0) {
      const at = rowOf(memory.statistics, row, head, heads, perHead, first + i, 2);
      store<f32>(at, load<f32>(maxima(scratch) + (<usize>i << 2)));
      store<f32>(at, sum, 4);
    }
    const total = f32x4.splat(sum);
    for (let at: usize = 0; at < stride; at += 16) {
      v128.store(sums + at, f32x4.div(v128.load(sums + at), total));
    }
    if (headDim < 8) copyFloats(sums, to, headDim);
    else {
      copyFloats(sums, to, headDim & ~7);
      // the last panel overlaps the one before, with the same bits
      if (whole < stride) copyFloats(sums + whole, to + (<usize>(headDim - 8) << 2), 8);
    }
    sums += stride;
  }
}

/** The row of q or of the result that belongs to a query of a segment. */
// @ts-ignore: decorator
@inline
function rowOf(x: usize, row: i32, head: i32, heads: i32, perHead: i32, query: i32, headDim: i32): usize {
  const at = (row + query / perHead) * heads * perHead + head * perHead + (query % perHead);
  return x + <usize>(at * headDim) * 4;
}
