// The phases of both retention kernels.
//
// Arguments: 4 q · 5 k · 6 v · 7 decay logits · 8 segments · [9 state] · o · then the words
// segment count (cell) · rows (cell) · heads · head width · 1/sqrt(head width).
import { cell, number, tensor, word, workspace } from 'kernel/arguments';
import { exponential, storeExponentialConstants } from 'kernel/exponential';
import { splat } from 'kernel/simd';
import { ceilDivide, shareStart, smaller } from 'kernel/split';
import { retainChunks } from './chunkwise';
import { logDecay } from './decay';
import { retainRow } from './recurrent';
import { scratchBytes } from './scratch';

/** Without memory: every segment starts empty and leaves nothing. */
export function gated_retention_parallel(args: usize, thread: i32, threads: i32): void {
  retain(args, thread, threads, 0, 5);
}

/** Up to here the recurrence, row by row, is quicker than a chunk's preparation (measured at D = 64 and 128). */
const recurrentRows: i32 = 8;

/** With memory: few rows by the recurrence, more in chunks. */
export function gated_retention(args: usize, thread: i32, threads: i32): void {
  retain(args, thread, threads, tensor(args, 5), 6);
}

// @ts-ignore: decorator
@inline
function retain(args: usize, thread: i32, threads: i32, states: usize, output: i32): void {
  const words = output + 5;
  const segmentCount = cell(args, words);
  const rows = cell(args, words + 1);
  const H = word(args, words + 2);
  const D = word(args, words + 3);
  if (segmentCount <= 0) return;
  const scale = f32x4.splat(number(args, words + 4));
  const scratch = workspace(args) + <usize>thread * scratchBytes(D);
  storeExponentialConstants(scratch);
  // a unit of work is a head of a segment, or, where those are fewer than the threads, some of its columns
  const panels = ceilDivide(D, 8);
  const groups = smaller(panels, ceilDivide(threads, segmentCount * H));
  const stride = <usize>(H * D) << 2;
  // dealt one by one, not in blocks: segments may differ much in length, the heads of one do not
  for (let unit = thread; unit < segmentCount * H * groups; unit += threads) {
    const group = unit % groups;
    const head = (unit / groups) % H;
    const segment = tensor(args, 4) + (<usize>(unit / (groups * H)) << 4);
    const first = load<i32>(segment);
    const count = smaller(load<i32>(segment, 4), rows - first);
    if (count <= 0) continue;
    const from = shareStart(panels, group, groups);
    const to = shareStart(panels, group + 1, groups);
    const offset = <usize>first * stride + (<usize>(head * D) << 2);
    const q = tensor(args, 0) + offset;
    const k = tensor(args, 1) + offset;
    const v = tensor(args, 2) + offset;
    const o = tensor(args, output) + offset;
    const decay = tensor(args, 3) + (<usize>(first * H + head) << 2);
    const fresh = states == 0 || load<i32>(segment, 12) == 0;
    const slot = <usize>load<i32>(segment, 8);
    const state = states == 0 ? 0 : states + ((slot * <usize>H + <usize>head) * <usize>(D * D) << 2);
    if (state != 0 && count <= recurrentRows) {
      if (fresh) clearColumns(state, D, from << 3, smaller(D, to << 3));
      for (let n = 0; n < count; n++) {
        const row = <usize>n * stride;
        const gamma = exponential(logDecay(splat(decay + (<usize>(n * H) << 2)), scratch), scratch);
        retainRow(D, q + row, k + row, v + row, gamma, scale, state, o + row, from << 3, smaller(D, to << 3));
      }
    } else retainChunks(count, H, D, q, k, v, decay, scale, state, fresh, o, from, to, scratch);
  }
}

function clearColumns(state: usize, D: i32, from: i32, to: i32): void {
  for (let d = 0; d < D; d++) memory.fill(state + (<usize>(d * D + from) << 2), 0, <usize>(to - from) << 2);
}
