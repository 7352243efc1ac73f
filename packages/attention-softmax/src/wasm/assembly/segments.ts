// The segment table: i32 words first row · rows · slot · position of the first row.
import { larger, smaller } from 'kernel/split';

// @ts-ignore: decorator
@inline
export function firstRowOf(table: usize, segment: i32): i32 {
  return load<i32>(table + (<usize>segment << 4));
}

/** Rows of a segment, as far as they are among the run's `maxRows`. */
// @ts-ignore: decorator
@inline
export function rowsOf(table: usize, segment: i32, maxRows: i32): i32 {
  return larger(0, smaller(load<i32>(table + (<usize>segment << 4), 4), maxRows - firstRowOf(table, segment)));
}

// @ts-ignore: decorator
@inline
export function slotOf(table: usize, segment: i32): i32 {
  return load<i32>(table + (<usize>segment << 4), 8);
}

// @ts-ignore: decorator
@inline
export function startOf(table: usize, segment: i32): i32 {
  return load<i32>(table + (<usize>segment << 4), 12);
}

/** First fresh block of a segment. */
// @ts-ignore: decorator
@inline
export function freshBlockOf(table: usize, segment: i32): i32 {
  return ((firstRowOf(table, segment) + 7) >> 3) + (segment << 1);
}

/** Address of block `block` of head `head` in entry `entry` of a memory [entries, 2, heads, blocks, block bytes]: keys. */
// @ts-ignore: decorator
@inline
export function keyBlockAt(
  memory: usize,
  entry: i32,
  heads: i32,
  head: i32,
  blocks: i32,
  block: i32,
  blockBytes: usize,
): usize {
  return memory + ((<usize>(entry * 2 * heads) + <usize>head) * <usize>blocks + <usize>block) * blockBytes;
}

/** Bytes from a key block to the value block of the same positions. */
// @ts-ignore: decorator
@inline
export function valueDistance(heads: i32, blocks: i32, blockBytes: usize): usize {
  return <usize>heads * <usize>blocks * blockBytes;
}

/**
 * Units of work are dealt out in turn, going on from segment to segment: the first unit of a segment that is this thread's,
 * `before` units having been dealt out.
 */
// @ts-ignore: decorator
@inline
export function firstUnit(before: i32, thread: i32, threads: i32): i32 {
  return (thread + threads - (before % threads)) % threads;
}
