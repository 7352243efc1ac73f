// The phases of the backward kernels of gated retention without memory.
import { cell, number, tensor, word, workspace } from 'kernel/arguments';
import { storeExponentialConstants } from 'kernel/exponential';
import { ceilDivide, shareStart, smaller } from 'kernel/split';
import { sumDecays } from './decay-sums';
import { retainReversed } from './reversed';
import { scratchBytes } from './scratch';

/**
 * Arguments: 4 q · 5 k · 6 v · 7 decay logits · 8 segments · 9 gradient of o · 10, 11 gradients of k and v · then the words
 * segment count (cell) · rows (cell) · heads · head width · 1/sqrt(head width).
 */
export function gated_retention_key_value_backward(args: usize, thread: i32, threads: i32): void {
  const segmentCount = cell(args, 12);
  const rows = cell(args, 13);
  const H = word(args, 14);
  const D = word(args, 15);
  if (segmentCount <= 0) return;
  const scale = f32x4.splat(number(args, 16));
  const scratch = workspace(args) + <usize>thread * scratchBytes(D);
  storeExponentialConstants(scratch);
  // a unit of work is one of the gradients of a head of a segment, or, where those are fewer than the threads, some columns
  const panels = ceilDivide(D, 8);
  const groups = smaller(panels, ceilDivide(threads, 2 * segmentCount * H));
  const stride = <usize>(H * D) << 2;
  for (let unit = thread; unit < 2 * segmentCount * H * groups; unit += threads) {
    const group = unit % groups;
    const ofKeys = (unit / groups) & 1;
    const head = (unit / (2 * groups)) % H;
    const segment = tensor(args, 4) + (<usize>(unit / (2 * groups * H)) << 4);
    const first = load<i32>(segment);
    const count = smaller(load<i32>(segment, 4), rows - first);
    if (count <= 0) continue;
    const offset = <usize>first * stride + (<usize>(head * D) << 2);
    const q = tensor(args, 0) + offset;
    const g = tensor(args, 5) + offset;
    const a = tensor(args, ofKeys ? 2 : 1) + offset;
    const out = tensor(args, ofKeys ? 6 : 7) + offset;
    const decay = tensor(args, 3) + (<usize>(first * H + head) << 2);
    const from = shareStart(panels, group, groups);
    const to = shareStart(panels, group + 1, groups);
    retainReversed(count, H, D, a, ofKeys ? g : q, ofKeys ? q : g, decay, scale, out, from, to, scratch);
  }
}

/**
 * Arguments: 4 q · 5 k · 6, 7 their gradients · 8 decay logits · 9 segments · 10 gradient of the decay logits · then the words
 * segment count (cell) · rows (cell) · heads · head width.
 */
export function gated_retention_decay_backward(args: usize, thread: i32, threads: i32): void {
  const segmentCount = cell(args, 11);
  const rows = cell(args, 12);
  const H = word(args, 13);
  const D = word(args, 14);
  const constants = workspace(args) + (<usize>thread << 6);
  storeExponentialConstants(constants);
  for (let unit = thread; unit < segmentCount * H; unit += threads) {
    const head = unit % H;
    const segment = tensor(args, 5) + (<usize>(unit / H) << 4);
    const first = load<i32>(segment);
    const count = smaller(load<i32>(segment, 4), rows - first);
    if (count <= 0) continue;
    const offset = <usize>((first * H + head) * D) << 2;
    const at = <usize>(first * H + head) << 2;
    sumDecays(
      count,
      H,
      D,
      tensor(args, 0) + offset,
      tensor(args, 1) + offset,
      tensor(args, 2) + offset,
      tensor(args, 3) + offset,
      tensor(args, 4) + at,
      tensor(args, 6) + at,
      constants,
    );
  }
}
