// ALiBi on the CPU. Every export is a phase `f(arguments, thread, threads)`; `wasm.ts` says which words follow the tensors.
//
// Keys are taken four at a time at absolute positions, so that a row's bits depend neither on chunks nor on where keys lie.
import { cell, number, tensor, word, workspace } from 'kernel/arguments';
import { exponential, storeExponentialConstants } from 'kernel/exponential';
import { fma, loadPart, maxLanes, storePart, sumLanes } from 'kernel/simd';
import { shareStart } from 'kernel/split';

// What a call is about. Every thread has an instance of its own, and sets these anew in every call.
let segments: usize;
let segmentCount: i32;
let rows: i32;
let D: i32;
let heads: i32;
let keyValueHeads: i32;
let scale: f32;
let slopes: usize;
/** Keys and values of position 0 of an entry, bytes from row to row, and the page table, 0 without memory. */
let keys: usize;
let values: usize;
let stride: usize;
let table: usize;
let pageLength: i32;
let pagesPerSequence: i32;
/** 128 bytes of this thread's own: constants of exp, then four scores. */
let scratch: usize;

/** Reads the words that all calls share: segment count · rows · D · H · G · scale, then what `more` counts, then slopes. */
function begin(args: usize, at: i32, more: i32, table_: usize, scratch_: usize): void {
  segments = table_;
  segmentCount = cell(args, at);
  rows = cell(args, at + 1);
  D = word(args, at + 2);
  heads = word(args, at + 3);
  keyValueHeads = word(args, at + 4);
  scale = number(args, at + 5);
  slopes = args + (<usize>(at + 6 + more) << 2);
  scratch = scratch_;
  storeExponentialConstants(scratch);
}

// The segment of the row that is worked on: rows ascend, and so do segments.
let segment: i32;
let firstRow: i32;
let slot: i32;
let start: i32;

function enterSegment(index: i32): void {
  const entry = segments + (<usize>index << 4);
  segment = index;
  firstRow = load<i32>(entry);
  slot = load<i32>(entry, 8);
  start = load<i32>(entry, 12);
}

/** Goes on to the segment that holds a row. */
function segmentOf(row: i32): void {
  while (segment + 1 < segmentCount && row >= firstRow + load<i32>(segments + (<usize>segment << 4), 4)) {
    enterSegment(segment + 1);
  }
}

/** Row of a position of the current segment in the memory of the call. */
// @ts-ignore: decorator
@inline
function rowOf(position: i32): i32 {
  if (table == 0) return firstRow + position - start;
  const page = load<i32>(table + (<usize>(slot * pagesPerSequence + position / pageLength) << 2));
  return page * pageLength + (position % pageLength);
}

function dot(a: usize, b: usize): f32 {
  let sum = f32x4.splat(0);
  let d = 0;
  for (; d + 4 <= D; d += 4) {
    sum = fma(v128.load(a + (<usize>d << 2)), v128.load(b + (<usize>d << 2)), sum);
  }
  if (d < D) sum = fma(loadPart(a + (<usize>d << 2), D - d), loadPart(b + (<usize>d << 2), D - d), sum);
  return sumLanes(sum);
}

/** to = to · keep + from · factor */
function blend(to: usize, keep: f32, from: usize, factor: f32): void {
  const kept = f32x4.splat(keep);
  const taken = f32x4.splat(factor);
  let d = 0;
  for (; d + 4 <= D; d += 4) {
    const at = to + (<usize>d << 2);
    v128.store(at, fma(taken, v128.load(from + (<usize>d << 2)), f32x4.mul(kept, v128.load(at))));
  }
  if (d < D) {
    const at = to + (<usize>d << 2);
    storePart(at, fma(taken, loadPart(from + (<usize>d << 2), D - d), f32x4.mul(kept, loadPart(at, D - d))), D - d);
  }
}

// @ts-ignore: decorator
@inline
function clear(to: usize): void {
  memory.fill(to, 0, <usize>D << 2);
}

/** exp of one number. */
// @ts-ignore: decorator
@inline
function exp(x: f32): f32 {
  return f32x4.extract_lane(exponential(f32x4.splat(x), scratch), 0);
}

/** Score of a query with the key of a position. */
// @ts-ignore: decorator
@inline
function scoreOf(query: usize, slope: f32, position: i32, key: usize, other: i32): f32 {
  return dot(query, key) * scale - slope * <f32>(position - other);
}

// Largest score of a query, and the sum of exp(score − largest).
let largest: f32;
let total: f32;

/**
 * Attends from one query to positions `first` to `position`. At `mean` its result is summed up; 0 where only `largest` and
 * `total` are wanted.
 */
function attend(query: usize, slope: f32, offset: usize, first: i32, position: i32, mean: usize): void {
  const scores = scratch + 64;
  largest = -Infinity;
  total = 0;
  if (mean != 0) clear(mean);
  for (let block = first & ~3; block <= position; block += 4) {
    v128.store(scores, f32x4.splat(-Infinity));
    const from = max(first, block);
    const to = min(position, block + 3);
    for (let other = from; other <= to; other++) {
      const key = keys + offset + <usize>rowOf(other) * stride;
      store<f32>(scores + (<usize>(other - block) << 2), scoreOf(query, slope, position, key, other));
    }
    const found = v128.load(scores);
    const most = max<f32>(largest, maxLanes(found));
    const weights = exponential(f32x4.sub(found, f32x4.splat(most)), scratch);
    let decay = exp(largest - most);
    total = total * decay + sumLanes(weights);
    largest = most;
    if (mean == 0) continue;
    v128.store(scores, weights);
    for (let other = from; other <= to; other++) {
      const value = values + offset + <usize>rowOf(other) * stride;
      blend(mean, decay, value, load<f32>(scores + (<usize>(other - block) << 2)));
      decay = 1;
    }
  }
  if (mean != 0) blend(mean, 1 / total, mean, 0);
}

/** Attention of this thread's share of the (row, head)s; `own`: no row sees what lies before its segment. */
function attendShare(q: usize, out: usize, own: bool, thread: i32, threads: i32): void {
  const group = heads / keyValueHeads;
  const end = shareStart(rows * heads, thread + 1, threads);
  enterSegment(0);
  for (let unit = shareStart(rows * heads, thread, threads); unit < end; unit++) {
    const row = unit / heads;
    const head = unit % heads;
    segmentOf(row);
    const at = <usize>(unit * D) << 2;
    const offset = <usize>((head / group) * D) << 2;
    const slope = load<f32>(slopes + (<usize>head << 2));
    attend(q + at, slope, offset, own ? start : 0, start + row - firstRow, out + at);
  }
}

// @ts-ignore: decorator
@inline
function ownScratch(base: usize, thread: i32): usize {
  return base + (<usize>thread << 7);
}

/** Keys and values of a call without memory. */
function useRows(k: usize, v: usize): void {
  keys = k;
  values = v;
  stride = <usize>(keyValueHeads * D) << 2;
  table = 0;
}

/** Keys and values in pages. Words at `at`: page length · pages a sequence. */
function usePages(args: usize, at: i32, pool: usize, table_: usize): void {
  keys = pool;
  values = pool + (<usize>(keyValueHeads * D) << 2);
  stride = <usize>(2 * keyValueHeads * D) << 2;
  table = table_;
  pageLength = word(args, at);
  pagesPerSequence = word(args, at + 1);
}

// Tensors: q, k, v, segments → out.
export function alibi(args: usize, thread: i32, threads: i32): void {
  begin(args, 9, 0, tensor(args, 3), ownScratch(workspace(args), thread));
  useRows(tensor(args, 1), tensor(args, 2));
  attendShare(tensor(args, 0), tensor(args, 4), true, thread, threads);
}

// Tensors: q, segments, page table, pool → out.
export function alibi_paged(args: usize, thread: i32, threads: i32): void {
  begin(args, 9, 2, tensor(args, 1), ownScratch(workspace(args), thread));
  usePages(args, 15, tensor(args, 3), tensor(args, 2));
  attendShare(tensor(args, 0), tensor(args, 4), false, thread, threads);
}

// Tensors: k, v, segments, page table, pool.
export function alibi_store(args: usize, thread: i32, threads: i32): void {
  begin(args, 9, 2, tensor(args, 2), ownScratch(workspace(args), thread));
  usePages(args, 15, tensor(args, 4), tensor(args, 3));
  const bytes = <usize>(keyValueHeads * D) << 2;
  const end = shareStart(rows, thread + 1, threads);
  enterSegment(0);
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    segmentOf(row);
    const to = <usize>rowOf(start + row - firstRow) * stride;
    memory.copy(keys + to, tensor(args, 0) + <usize>row * bytes, bytes);
    memory.copy(values + to, tensor(args, 1) + <usize>row * bytes, bytes);
  }
}

// Gradients. Tensors: q, k, v, segments, gradient → of q, of k, of v. The first phase leaves three numbers a (row, head) in the
// workspace, behind the threads' own bytes: largest score, sum of weights, and the mean of gradient · value.

// @ts-ignore: decorator
@inline
function beginGradient(args: usize, thread: i32): void {
  begin(args, 12, 0, tensor(args, 3), ownScratch(workspace(args), thread));
  useRows(tensor(args, 1), tensor(args, 2));
}

// @ts-ignore: decorator
@inline
function statisticsOf(args: usize, unit: i32, threads: i32): usize {
  return ownScratch(workspace(args), threads) + <usize>unit * 12;
}

/** Gradients of queries, by (row, head). */
export function alibi_backward_queries(args: usize, thread: i32, threads: i32): void {
  beginGradient(args, thread);
  const group = heads / keyValueHeads;
  const end = shareStart(rows * heads, thread + 1, threads);
  enterSegment(0);
  for (let unit = shareStart(rows * heads, thread, threads); unit < end; unit++) {
    const row = unit / heads;
    const head = unit % heads;
    segmentOf(row);
    const at = <usize>(unit * D) << 2;
    const offset = <usize>((head / group) * D) << 2;
    const slope = load<f32>(slopes + (<usize>head << 2));
    const query = tensor(args, 0) + at;
    const gradient = tensor(args, 4) + at;
    const ofQuery = tensor(args, 5) + at;
    const position = start + row - firstRow;
    attend(query, slope, offset, start, position, 0);
    let mean: f32 = 0;
    for (let other = start; other <= position; other++) {
      const place = offset + <usize>rowOf(other) * stride;
      const weight = exp(scoreOf(query, slope, position, keys + place, other) - largest);
      mean += (weight / total) * dot(gradient, values + place);
    }
    clear(ofQuery);
    for (let other = start; other <= position; other++) {
      const place = offset + <usize>rowOf(other) * stride;
      const weight = exp(scoreOf(query, slope, position, keys + place, other) - largest);
      const ofScore = (weight / total) * (dot(gradient, values + place) - mean);
      blend(ofQuery, 1, keys + place, ofScore * scale);
    }
    const statistics = statisticsOf(args, unit, threads);
    store<f32>(statistics, largest);
    store<f32>(statistics, total, 4);
    store<f32>(statistics, mean, 8);
  }
}

/** Gradients of keys and values, by (row, key/value head), over all later rows of the segment. */
export function alibi_backward_keys(args: usize, thread: i32, threads: i32): void {
  beginGradient(args, thread);
  const group = heads / keyValueHeads;
  const end = shareStart(rows * keyValueHeads, thread + 1, threads);
  enterSegment(0);
  for (let unit = shareStart(rows * keyValueHeads, thread, threads); unit < end; unit++) {
    const row = unit / keyValueHeads;
    const head = unit % keyValueHeads;
    segmentOf(row);
    const behind = firstRow + load<i32>(segments + (<usize>segment << 4), 4);
    const at = <usize>(unit * D) << 2;
    const ofKey = tensor(args, 6) + at;
    const ofValue = tensor(args, 7) + at;
    clear(ofKey);
    clear(ofValue);
    for (let reader = row; reader < behind; reader++) {
      for (let member = 0; member < group; member++) {
        const queryHead = head * group + member;
        const index = reader * heads + queryHead;
        const query = tensor(args, 0) + (<usize>(index * D) << 2);
        const gradient = tensor(args, 4) + (<usize>(index * D) << 2);
        const statistics = statisticsOf(args, index, threads);
        const slope = load<f32>(slopes + (<usize>queryHead << 2));
        const score = scoreOf(query, slope, reader, keys + at, row);
        const probability = exp(score - load<f32>(statistics)) / load<f32>(statistics, 4);
        const ofScore = probability * (dot(gradient, values + at) - load<f32>(statistics, 8));
        blend(ofKey, 1, query, ofScore * scale);
        blend(ofValue, 1, gradient, probability);
      }
    }
  }
}
