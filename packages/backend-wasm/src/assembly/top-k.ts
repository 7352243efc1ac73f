// top_k: a list of the best for each row and thread, then the lists of a row merged. What is best does not depend on how a row
// is shared out: of equal elements the lower index comes first.
//
// 4 x [rows, V] · 5 y [rows, k, 2] · 6 rows (cell) · 7 V · 8 among · 9 k · 10 count (cell).
// A list: entries in it · entries merged · pairs (value, index), best first. A list for each (row, thread) in the workspace.
import { cell, tensor, word, workspace } from 'kernel/arguments';
import { splat } from 'kernel/simd';
import { shareStart, smaller } from 'kernel/split';

const headerBytes: i32 = 8;

/** Bytes of a list; the host computes the workspace with the same number. */
// @ts-ignore: decorator
@inline
function listBytes(k: i32): usize {
  return <usize>(headerBytes + 8 * k);
}

/** NaN above all numbers. */
// @ts-ignore: decorator
@inline
function isLarger(a: f32, b: f32): bool {
  return !(a <= b) && b == b;
}

/** Phase 1. */
export function top_k_lists(args: usize, thread: i32, threads: i32): void {
  const rows = cell(args, 6);
  const rowBytes = <usize>word(args, 7) << 2;
  const among = word(args, 8);
  const k = word(args, 9);
  const count = smaller(cell(args, 10), k);
  const first = shareStart(among, thread, threads);
  const end = shareStart(among, thread + 1, threads);
  for (let row = 0; row < rows; row++) {
    const list = workspace(args) + <usize>(row * threads + thread) * listBytes(k);
    collect(tensor(args, 0) + <usize>row * rowBytes, first, end, count, list);
  }
}

function collect(x: usize, first: i32, end: i32, count: i32, list: usize): void {
  const pairs = list + headerBytes;
  const room = smaller(count, end - first);
  store<i32>(list, room);
  store<i32>(list, 0, 4);
  if (room <= 0) return;
  let size = 0;
  let last = pairs;
  let index = first;
  while (index < end) {
    const value = load<f32>(x + (<usize>index << 2));
    let place = last;
    if (size < room) {
      place = pairs + (<usize>size << 3);
      last = place;
      size++;
    } else if (!isLarger(value, load<f32>(last))) {
      index++;
      // four at a time, as long as none of them is larger than the last of the list
      const least = splat(last);
      while (index + 4 <= end && i32x4.all_true(f32x4.le(v128.load(x + (<usize>index << 2)), least))) index += 4;
      continue;
    }
    while (place > pairs && isLarger(value, load<f32>(place - 8))) {
      store<i64>(place, load<i64>(place - 8));
      place -= 8;
    }
    store<f32>(place, value);
    store<f32>(place, <f32>index, 4);
    index++;
  }
}

/** Phase 2. */
export function top_k(args: usize, thread: i32, threads: i32): void {
  const rows = cell(args, 6);
  const k = word(args, 9);
  const count = smaller(cell(args, 10), k);
  const end = shareStart(rows, thread + 1, threads);
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    const lists = workspace(args) + <usize>(row * threads) * listBytes(k);
    const y = tensor(args, 1) + (<usize>(row * k) << 3);
    for (let place = 0; place < count; place++) store<i64>(y + (<usize>place << 3), takeLargest(lists, threads, k));
  }
}

/** The best pair of all lists, taken from its list. */
function takeLargest(lists: usize, threads: i32, k: i32): i64 {
  let best: usize = 0;
  for (let thread = 0; thread < threads; thread++) {
    const list = lists + <usize>thread * listBytes(k);
    if (load<i32>(list, 4) >= load<i32>(list)) continue;
    // lists are in the order of their indices: equal elements leave the earlier one in front
    if (!best || isLarger(load<f32>(head(list)), load<f32>(head(best)))) best = list;
  }
  const pair = load<i64>(head(best));
  store<i32>(best, load<i32>(best, 4) + 1, 4);
  return pair;
}

// @ts-ignore: decorator
@inline
function head(list: usize): usize {
  return list + headerBytes + (<usize>load<i32>(list, 4) << 3);
}
