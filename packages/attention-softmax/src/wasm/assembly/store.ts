// Kernels that move keys and values: rows → fresh blocks and back, fresh blocks → ring, rows → pages.
import { cell, tensor, word } from 'kernel/arguments';
import { larger, smaller } from 'kernel/split';
import { keyLanes, keysFromBlock, keysToBlock, valueLanes, valuesFromBlock, valuesToBlock } from './blocks';
import {
  firstRowOf,
  firstUnit,
  freshBlockOf,
  keyBlockAt,
  rowsOf,
  slotOf,
  startOf,
  valueDistance,
} from './segments';

/**
 * Arguments: 4 k · 5 v · 6 segments · 7 fresh blocks · 8 segment count (cell) · 9 rows (cell) · 10 D · 11 G · 12 fresh
 * blocks a head.
 */
export function attention_pack_blocks(args: usize, thread: i32, threads: i32): void {
  pack(args, thread, threads, 0, 0, 7);
}

/** Arguments: 4 k · 5 v · 6 segments · 7 ring · 8 fresh blocks · 9 … as above · 14 ring blocks. */
export function attention_pack_blocks_ring(args: usize, thread: i32, threads: i32): void {
  pack(args, thread, threads, tensor(args, 3), word(args, 14), 8);
}

function pack(args: usize, thread: i32, threads: i32, ring: usize, ringBlocks: i32, out: i32): void {
  const keys = tensor(args, 0);
  const values = tensor(args, 1);
  const table = tensor(args, 2);
  const fresh = tensor(args, out - 4);
  const count = cell(args, out + 1);
  const maxRows = cell(args, out + 2);
  const headDim = word(args, out + 3);
  const heads = word(args, out + 4);
  const blocks = word(args, out + 5);
  const blockBytes = <usize>headDim << 5;
  const toValues = valueDistance(heads, blocks, blockBytes);
  const ringToValues = valueDistance(heads, ringBlocks, blockBytes);
  const stride = <usize>(heads * headDim) << 2;
  let dealt = 0;
  for (let s = 0; s < count; s++) {
    const rows = rowsOf(table, s, maxRows);
    if (rows == 0) continue;
    const start = startOf(table, s);
    const end = start + rows;
    const firstBlock = start >> 3;
    const units = (((end + 7) >> 3) - firstBlock) * heads;
    for (let unit = firstUnit(dealt, thread, threads); unit < units; unit += threads) {
      const head = unit % heads;
      const block = firstBlock + unit / heads;
      const lane = larger(start - (block << 3), 0);
      const lanes = smaller(end - (block << 3), 8) - lane;
      const to = keyBlockAt(fresh, 0, heads, head, blocks, freshBlockOf(table, s) + block - firstBlock, blockBytes);
      if (lanes < 8) {
        memory.fill(to, 0, blockBytes);
        memory.fill(to + toValues, 0, blockBytes);
        if (ring != 0 && lane != 0) {
          const from = keyBlockAt(ring, slotOf(table, s), heads, head, ringBlocks, block % ringBlocks, blockBytes);
          keyLanes(from, to, 0, lane, headDim);
          valueLanes(from + ringToValues, to + toValues, 0, lane, headDim);
        }
      }
      const row = firstRowOf(table, s) + (block << 3) + lane - start;
      const offset = <usize>row * stride + (<usize>(head * headDim) << 2);
      keysToBlock(keys + offset, stride, to, lane, lanes, headDim);
      valuesToBlock(values + offset, stride, to + toValues, lane, lanes, headDim);
    }
    dealt += units;
  }
}

/**
 * Arguments: 4 fresh blocks · 5 segments · 6 ring · 7 segment count (cell) · 8 rows (cell) · 9 D · 10 G ·
 * 11 fresh blocks a head · 12 ring blocks.
 */
export function attention_commit_ring(args: usize, thread: i32, threads: i32): void {
  const fresh = tensor(args, 0);
  const table = tensor(args, 1);
  const ring = tensor(args, 2);
  const count = cell(args, 7);
  const maxRows = cell(args, 8);
  const headDim = word(args, 9);
  const heads = word(args, 10);
  const blocks = word(args, 11);
  const ringBlocks = word(args, 12);
  const blockBytes = <usize>headDim << 5;
  const freshToValues = valueDistance(heads, blocks, blockBytes);
  const ringToValues = valueDistance(heads, ringBlocks, blockBytes);
  let dealt = 0;
  for (let s = 0; s < count; s++) {
    const rows = rowsOf(table, s, maxRows);
    if (rows == 0) continue;
    const end = startOf(table, s) + rows;
    // of a long segment the first and the last block may share a block of the ring, but no lane of it
    const start = larger(startOf(table, s), end - (ringBlocks << 3));
    const firstFresh = freshBlockOf(table, s) - (startOf(table, s) >> 3);
    const firstBlock = start >> 3;
    const units = (((end + 7) >> 3) - firstBlock) * heads;
    for (let unit = firstUnit(dealt, thread, threads); unit < units; unit += threads) {
      const head = unit % heads;
      const block = firstBlock + unit / heads;
      const lane = larger(start - (block << 3), 0);
      const lanes = smaller(end - (block << 3), 8) - lane;
      const from = keyBlockAt(fresh, 0, heads, head, blocks, firstFresh + block, blockBytes);
      const to = keyBlockAt(ring, slotOf(table, s), heads, head, ringBlocks, block % ringBlocks, blockBytes);
      keyLanes(from, to, lane, lanes, headDim);
      valueLanes(from + freshToValues, to + ringToValues, lane, lanes, headDim);
    }
    dealt += units;
  }
}

/**
 * Arguments: 4 k · 5 v · 6 segments · 7 page table · 8 pool · 9 segment count (cell) · 10 rows (cell) · 11 D · 12 G ·
 * 13 blocks a page · 14 pages a sequence.
 */
export function attention_commit_pages(args: usize, thread: i32, threads: i32): void {
  const keys = tensor(args, 0);
  const values = tensor(args, 1);
  const table = tensor(args, 2);
  const pages = tensor(args, 3);
  const pool = tensor(args, 4);
  const count = cell(args, 9);
  const maxRows = cell(args, 10);
  const headDim = word(args, 11);
  const heads = word(args, 12);
  const blocks = word(args, 13);
  const pagesPerSequence = word(args, 14);
  const blockBytes = <usize>headDim << 5;
  const toValues = valueDistance(heads, blocks, blockBytes);
  const stride = <usize>(heads * headDim) << 2;
  let dealt = 0;
  for (let s = 0; s < count; s++) {
    const rows = rowsOf(table, s, maxRows);
    if (rows == 0) continue;
    const start = startOf(table, s);
    const end = start + rows;
    const firstBlock = start >> 3;
    const units = (((end + 7) >> 3) - firstBlock) * heads;
    for (let unit = firstUnit(dealt, thread, threads); unit < units; unit += threads) {
      const head = unit % heads;
      const block = firstBlock + unit / heads;
      const lane = larger(start - (block << 3), 0);
      const lanes = smaller(end - (block << 3), 8) - lane;
      const page = load<i32>(pages + (<usize>(slotOf(table, s) * pagesPerSequence + block / blocks) << 2));
      const to = keyBlockAt(pool, page, heads, head, blocks, block % blocks, blockBytes);
      const row = firstRowOf(table, s) + (block << 3) + lane - start;
      const offset = <usize>row * stride + (<usize>(head * headDim) << 2);
      keysToBlock(keys + offset, stride, to, lane, lanes, headDim);
      valuesToBlock(values + offset, stride, to + toValues, lane, lanes, headDim);
    }
    dealt += units;
  }
}

/**
 * Arguments: 4 fresh blocks · 5 segments · 6 k · 7 v · 8 segment count (cell) · 9 rows (cell) · 10 D · 11 G · 12 fresh blocks a
 * head.
 */
export function attention_pack_blocks_backward(args: usize, thread: i32, threads: i32): void {
  const fresh = tensor(args, 0);
  const table = tensor(args, 1);
  const keys = tensor(args, 2);
  const values = tensor(args, 3);
  const count = cell(args, 8);
  const maxRows = cell(args, 9);
  const headDim = word(args, 10);
  const heads = word(args, 11);
  const blocks = word(args, 12);
  const blockBytes = <usize>headDim << 5;
  const toValues = valueDistance(heads, blocks, blockBytes);
  const stride = <usize>(heads * headDim) << 2;
  let dealt = 0;
  for (let s = 0; s < count; s++) {
    const rows = rowsOf(table, s, maxRows);
    if (rows == 0) continue;
    const start = startOf(table, s);
    const end = start + rows;
    const firstBlock = start >> 3;
    const units = (((end + 7) >> 3) - firstBlock) * heads;
    for (let unit = firstUnit(dealt, thread, threads); unit < units; unit += threads) {
      const head = unit % heads;
      const block = firstBlock + unit / heads;
      const lane = larger(start - (block << 3), 0);
      const lanes = smaller(end - (block << 3), 8) - lane;
      const from = keyBlockAt(fresh, 0, heads, head, blocks, freshBlockOf(table, s) + block - firstBlock, blockBytes);
      const row = firstRowOf(table, s) + (block << 3) + lane - start;
      const offset = <usize>row * stride + (<usize>(head * headDim) << 2);
      keysFromBlock(from, keys + offset, stride, lane, lanes, headDim);
      valuesFromBlock(from + toValues, values + offset, stride, lane, lanes, headDim);
    }
    dealt += units;
  }
}
