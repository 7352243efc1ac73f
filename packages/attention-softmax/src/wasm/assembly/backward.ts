// attention.softmax_backward, two phases.
//
// Where key/value heads of segments make even shares, a thread takes whole ones in the first phase: it computes each
// probability once and adds it to all three gradients, five products a tile. Else, the first phase shares out rows and
// computes the gradients of the queries, the second shares out tiles and computes those of keys and values, seven products
// in all. Both give the same bits (see `backward-tile.ts`), so that the choice may depend on the number of threads.
import { cell, tensor, word, workspace } from 'kernel/arguments';
import { fma, loadPart, sumLanes } from 'kernel/simd';
import { larger, smaller } from 'kernel/split';
import {
  backwardScratchBytes,
  Job,
  keyTile,
  rowChunk,
  storeBackwardConstants,
} from './backward-scratch';
import { differentiateTile } from './backward-tile';
import { firstRowOf, firstUnit, freshBlockOf, rowsOf, startOf } from './segments';

/** Products of a tile in each of the two ways. */
const productsTogether: f64 = 5;
const productsApart: f64 = 7;

/** Bytes of a thread's part of the workspace, its list of the threads' loads included. */
export function attention_backward_scratch_bytes(headDim: i32, threads: i32): i32 {
  return <i32>backwardScratchBytes(headDim) + (((threads << 3) + 63) & ~63);
}

/**
 * Arguments: 4 q · 5 segments · 6 fresh blocks · 7 out · 8 statistics · 9 gradient · 10 gradient of q · 11 gradient of the fresh
 * blocks · 12 segment count (cell) · 13 rows (cell) · 14 D · 15 G · 16 H / G · 17 window, 0 for none · 18 fresh blocks a head ·
 * 19 bytes of the workspace that all threads share.
 */
export function attention_softmax_backward(args: usize, thread: i32, threads: i32): void {
  const job = jobOf(args, thread, threads);
  const together = evenShares(job, threads);
  if (together) clearLoads(job, threads);
  let dealt = 0;
  for (let s = 0; s < job.count; s++) {
    if (!enter(job, s)) continue;
    if (together) {
      const pairs = pairsOf(job);
      for (let head = 0; head < job.heads; head++) {
        if (leastLoaded(job, threads, pairs) == thread) headOfSegment(job, head);
      }
      continue;
    }
    const tasks = ((job.length + rowChunk - 1) / rowChunk) * job.heads;
    for (let task = firstUnit(dealt, thread, threads); task < tasks; task += threads) {
      const row = (task / job.heads) * rowChunk;
      rowsOfSegment(job, task % job.heads, row, smaller(row + rowChunk, job.length));
    }
    dealt += tasks;
  }
}

/** The second phase: keys and values, where they were not done with the queries. */
export function attention_softmax_backward_keys(args: usize, thread: i32, threads: i32): void {
  const job = jobOf(args, thread, threads);
  if (evenShares(job, threads)) return;
  let dealt = 0;
  for (let s = 0; s < job.count; s++) {
    if (!enter(job, s)) continue;
    const first = job.start / keyTile;
    const tasks = ((job.start + job.length - 1) / keyTile + 1 - first) * job.heads;
    for (let task = firstUnit(dealt, thread, threads); task < tasks; task += threads) {
      const tile = (first + task / job.heads) * keyTile;
      differentiateTile(changetype<usize>(job), job, task % job.heads, tile, 0, job.length, true, false);
    }
    dealt += tasks;
  }
}

function jobOf(args: usize, thread: i32, threads: i32): Job {
  const headDim = word(args, 14);
  const shared = workspace(args);
  const own = shared + <usize>word(args, 19) + <usize>thread * <usize>attention_backward_scratch_bytes(headDim, threads);
  const job = changetype<Job>(own);
  job.q = tensor(args, 0);
  job.table = tensor(args, 1);
  job.fresh = tensor(args, 2);
  job.out = tensor(args, 3);
  job.statistics = tensor(args, 4);
  job.gradient = tensor(args, 5);
  job.ofQueries = tensor(args, 6);
  job.ofFresh = tensor(args, 7);
  job.rows = shared;
  job.count = cell(args, 12);
  job.maxRows = cell(args, 13);
  job.headDim = headDim;
  job.padded = (headDim + 7) & ~7;
  job.heads = word(args, 15);
  job.perHead = word(args, 16);
  job.window = word(args, 17);
  job.blocks = word(args, 18);
  job.scale = <f32>(1.0 / sqrt<f64>(<f64>headDim));
  storeBackwardConstants(own);
  return job;
}

/** Brings in segment `s`; false if it has no rows. */
function enter(job: Job, s: i32): bool {
  const table = job.table;
  job.firstRow = firstRowOf(table, s);
  job.length = rowsOf(table, s, job.maxRows);
  job.start = startOf(table, s);
  job.shift = freshBlockOf(table, s) - (job.start >> 3);
  return job.length > 0;
}

/** Pairs of a query and a key it sees, of one head of the segment. */
function pairsOf(job: Job): f64 {
  const rows = <f64>job.length;
  if (job.window == 0 || job.window >= job.length) return (rows * (rows + 1)) / 2;
  const window = <f64>job.window;
  return rows * window - (window * (window - 1)) / 2;
}

// @ts-ignore: decorator
@inline
function loadsOf(job: Job): usize {
  return changetype<usize>(job) + backwardScratchBytes(job.headDim);
}

function clearLoads(job: Job, threads: i32): void {
  memory.fill(loadsOf(job), 0, <usize>threads << 3);
}

/** Gives work to the thread that has least so far, and returns its number. */
function leastLoaded(job: Job, threads: i32, work: f64): i32 {
  const loads = loadsOf(job);
  let least = 0;
  for (let i = 1; i < threads; i++) {
    if (load<f64>(loads + (<usize>i << 3)) < load<f64>(loads + (<usize>least << 3))) least = i;
  }
  const at = loads + (<usize>least << 3);
  store<f64>(at, load<f64>(at) + work);
  return least;
}

/** Whether whole heads of segments can be dealt out so evenly that no product need be computed twice. */
function evenShares(job: Job, threads: i32): bool {
  if (threads == 1) return true;
  clearLoads(job, threads);
  let total: f64 = 0;
  for (let s = 0; s < job.count; s++) {
    if (!enter(job, s)) continue;
    const pairs = pairsOf(job);
    for (let head = 0; head < job.heads; head++) leastLoaded(job, threads, pairs);
    total += pairs * <f64>job.heads;
  }
  let most: f64 = 0;
  for (let i = 0; i < threads; i++) most = max<f64>(most, load<f64>(loadsOf(job) + (<usize>i << 3)));
  return most * productsTogether * <f64>threads <= total * productsApart;
}

/** All gradients of one key/value head. */
function headOfSegment(job: Job, head: i32): void {
  begin(job, head, 0, job.length);
  const end = job.start + job.length;
  for (let tile = (job.start / keyTile) * keyTile; tile < end; tile += keyTile) {
    differentiateTile(changetype<usize>(job), job, head, tile, 0, job.length, true, true);
  }
}

/** The gradients of the queries of rows [from, to) that read one key/value head. */
function rowsOfSegment(job: Job, head: i32, from: i32, to: i32): void {
  begin(job, head, from, to);
  const lowest = job.window == 0 ? 0 : larger(0, from - job.window + 1);
  for (let tile = ((job.start + lowest) / keyTile) * keyTile; tile < job.start + to; tile += keyTile) {
    differentiateTile(changetype<usize>(job), job, head, tile, from, to, false, true);
  }
}

/** Sets the gradients of queries to zero, and computes what their probabilities' gradients need. */
function begin(job: Job, head: i32, from: i32, to: i32): void {
  const heads = job.heads * job.perHead;
  const bytes = <usize>job.headDim << 2;
  for (let row = from; row < to; row++) {
    for (let ofGroup = 0; ofGroup < job.perHead; ofGroup++) {
      const query = <usize>((job.firstRow + row) * heads + head * job.perHead + ofGroup);
      memory.fill(job.ofQueries + query * bytes, 0, bytes);
      const mean = dot(job.gradient + query * bytes, job.out + query * bytes, job.headDim);
      store<f32>(job.rows + (query << 3), <f32>1.0 / load<f32>(job.statistics + (query << 3), 4));
      store<f32>(job.rows + (query << 3), -mean * job.scale, 4);
    }
  }
}

function dot(a: usize, b: usize, count: i32): f32 {
  let sum = i32x4.splat(0);
  for (; count >= 4; count -= 4, a += 16, b += 16) sum = fma(v128.load(a), v128.load(b), sum);
  if (count > 0) sum = fma(loadPart(a, count), loadPart(b, count), sum);
  return sumLanes(sum);
}
