// Where the blocks of a segment's keys lie: a recent memory (this run's blocks) and a stored one (ring or pages).
import { larger, smaller } from 'kernel/split';
import { keyTable, narrowValues, scoresOf, tileBlocks, valueTable } from './scratch';
import { keyBlockAt, valueDistance } from './segments';

/** What does not change during a segment. Lives in a thread's workspace. */
@unmanaged
export class Memory {
  heads: i32;
  headDim: i32;
  /** Fresh blocks; 0: all keys are in pages. */
  fresh: usize;
  freshBlocks: i32;
  /** Fresh block of position block 0; may be negative. */
  freshShift: i32;
  /** Blocks from this one on are fresh. */
  firstFresh: i32;
  /** Ring or pool; 0: all keys are fresh. */
  stored: usize;
  /** Blocks of a ring or a page. */
  storedBlocks: i32;
  slot: i32;
  /** The slot's pages, or 0 for a ring. */
  pages: usize;
  /** Where each query's largest score and sum of weights go; 0: nowhere. */
  statistics: usize;
}

/** Bytes of a `Memory` in the workspace. */
export const memoryBytes: i32 = 64;

/** Writes the addresses of blocks [from, to), counted from the tile's first block `tile`, to the tables. */
export function findBlocks(scratch: usize, memory: Memory, head: i32, tile: i32, from: i32, to: i32): void {
  const heads = memory.heads;
  const bytes = <usize>memory.headDim << 5;
  for (let i = from; i < to; i++) {
    const block = tile + i;
    let keys: usize;
    let blocks: i32;
    if (memory.fresh != 0 && block >= memory.firstFresh) {
      blocks = memory.freshBlocks;
      keys = keyBlockAt(memory.fresh, 0, heads, head, blocks, memory.freshShift + block, bytes);
    } else {
      blocks = memory.storedBlocks;
      const entry = memory.pages ? load<i32>(memory.pages + (<usize>(block / blocks) << 2)) : memory.slot;
      keys = keyBlockAt(memory.stored, entry, heads, head, blocks, block % blocks, bytes);
    }
    store<u32>(keyTable(scratch, i), <u32>keys);
    store<u32>(valueTable(scratch, i), <u32>(keys + valueDistance(heads, blocks, bytes)));
  }
}

/**
 * Reads one float of every cache line of blocks [from, to), as the tables have them; those of the next tile lie behind the tile's.
 * Few queries are bound by memory: a core keeps many more of these reads on their way than multiply-adds would ask for. Something
 * of what was read is stored where scores come soon, or the compiler would drop the reads.
 */
export function readAhead(scratch: usize, headDim: i32, from: i32, to: i32): void {
  const bytes = <usize>headDim << 5;
  let touched = 0;
  for (let block = from; block < to; block++) {
    touched |= touch(<usize>load<u32>(keyTable(scratch, block)), bytes);
    touched |= touch(<usize>load<u32>(valueTable(scratch, block)), bytes);
  }
  store<i32>(scoresOf(scratch), touched);
}

// @ts-ignore: decorator
@inline
function touch(at: usize, bytes: usize): i32 {
  const end = at + bytes;
  let touched = 0;
  do {
    touched |= load<i32>(at);
    at += 64;
  } while (at < end);
  return touched;
}

/** Copies the values of blocks [from, to) to rows of 8 floats: for heads narrower than that. */
export function widenValues(scratch: usize, headDim: i32, from: i32, to: i32): void {
  for (let block = from; block < to; block++) {
    let at = <usize>load<u32>(valueTable(scratch, block));
    let row = narrowValues(scratch) + (<usize>block << 8);
    for (let key = 0; key < 8; key++) {
      for (let d: usize = 0; d < <usize>headDim; d++) store<f32>(row + (d << 2), load<f32>(at + (d << 2)));
      at += <usize>headDim << 2;
      row += 32;
    }
  }
}

/** First block of a tile that holds keys from `first` on. */
// @ts-ignore: decorator
@inline
export function firstBlockOf(first: i32, tile: i32): i32 {
  return larger((first >> 3) - tile, 0);
}

/** One behind the last block of a tile that holds keys up to `last`. */
// @ts-ignore: decorator
@inline
export function endBlockOf(last: i32, tile: i32): i32 {
  return smaller((last >> 3) + 1 - tile, tileBlocks);
}
