// linear_cross_entropy: losses [rows] = logsumexp(x·Wᵀ) - (x·Wᵀ)[target]. The [rows, V] logits never exist: a thread works
// on up to 32 rows by 256 columns at a time and keeps a running maximum and sum a row (online softmax, arXiv 1805.02867).
//
// 4 x [rows, k] · 5 W [V, k] · 6 targets i32 [rows], negative: loss 0 · 7 losses · 8 rows (cell) · 9 k · 10 V · 11 wide tiles.
import { cell, tensor, word, workspace } from 'kernel/arguments';
import { exponential, storeExponentialConstants } from 'kernel/exponential';
import { maxLanes, sumLanes } from 'kernel/simd';
import { ceilDivide, shareStart, shareStartOf, smaller } from 'kernel/split';
import { linearScratchBytes, multiply } from './linear-blocks';
import { packPanels } from './panels';

const blockRows: i32 = 32;
const blockColumns: i32 = 256;
/** exp constants · linear's scratch · for each row maximum (f32), target's logit (f32), sum (f64) · a block of logits. */
const statisticsAt: i32 = 64 + linearScratchBytes;
const logitsAt: i32 = statisticsAt + blockRows * 16;
/** Bytes of workspace a thread; the host computes the same. */
const threadBytes: i32 = logitsAt + blockRows * blockColumns * 4;

/** W in panels of 8 rows. */
export function linear_cross_entropy(args: usize, thread: i32, threads: i32): void {
  losses(args, thread, threads, tensor(args, 1));
}

/** Phase 1 for W as [V, k]: packs it into the workspace, behind the threads' parts. */
export function linear_cross_entropy_pack(args: usize, thread: i32, threads: i32): void {
  const panels = ceilDivide(word(args, 10), 8);
  packPanels(
    tensor(args, 1),
    workspace(args) + <usize>(threads * threadBytes),
    word(args, 10),
    word(args, 9),
    shareStart(panels, thread, threads),
    shareStart(panels, thread + 1, threads),
  );
}

/** Phase 2 for W as [V, k]. */
export function linear_cross_entropy_packed(args: usize, thread: i32, threads: i32): void {
  losses(args, thread, threads, workspace(args) + <usize>(threads * threadBytes));
}

function losses(args: usize, thread: i32, threads: i32, weight: usize): void {
  const rows = cell(args, 8);
  const k = word(args, 9);
  const vocabulary = word(args, 10);
  const own = workspace(args) + <usize>(thread * threadBytes);
  storeExponentialConstants(own);
  const end = shareStartOf(rows, 4, thread + 1, threads);
  for (let row = shareStartOf(rows, 4, thread, threads); row < end; row += blockRows) {
    const count = smaller(blockRows, end - row);
    const x = tensor(args, 0) + (<usize>row * <usize>k << 2);
    const targets = tensor(args, 2) + (<usize>row << 2);
    for (let r = 0; r < count; r++) startRow(own + <usize>(statisticsAt + r * 16));
    for (let column = 0; column < vocabulary; column += blockColumns) {
      const columns = smaller(blockColumns, vocabulary - column);
      const panels = weight + (<usize>column * <usize>k << 2);
      const logits = own + logitsAt;
      multiply(x, panels, logits, k, columns, 0, count, 0, ceilDivide(columns, 8), word(args, 11) != 0, own + 64);
      for (let r = 0; r < count; r++) {
        const target = load<i32>(targets + (<usize>r << 2)) - column;
        addLogits(logits + <usize>(r * columns << 2), columns, target, own + <usize>(statisticsAt + r * 16), own);
      }
    }
    for (let r = 0; r < count; r++) {
      const ignored = load<i32>(targets + (<usize>r << 2)) < 0;
      const loss: f32 = ignored ? <f32>0 : rowLoss(own + <usize>(statisticsAt + r * 16));
      store<f32>(tensor(args, 3) + (<usize>(row + r) << 2), loss);
    }
  }
}

// @ts-ignore: decorator
@inline
function startRow(statistics: usize): void {
  store<f32>(statistics, -f32.MAX_VALUE);
  store<f32>(statistics, 0, 4);
  store<f64>(statistics, 0, 8);
}

/** Takes a row's next logits into its maximum and its sum of exp(logit - maximum). */
function addLogits(logits: usize, count: i32, target: i32, statistics: usize, constants: usize): void {
  if (<u32>target < <u32>count) store<f32>(statistics, load<f32>(logits + (<usize>target << 2)), 4);
  const before = load<f32>(statistics);
  const maximum = max(before, largest(logits, count));
  const shift = f32x4.splat(maximum);
  let sum = i32x4.splat(0);
  let n = count >> 2;
  let at = logits;
  while (n > 0) {
    sum = f32x4.add(sum, exponential(f32x4.sub(v128.load(at), shift), constants));
    at += 16;
    n--;
  }
  let total = <f64>sumLanes(sum);
  n = count & 3;
  while (n > 0) {
    total += <f64>f32x4.extract_lane(exponential(f32x4.splat(load<f32>(at) - maximum), constants), 0);
    at += 4;
    n--;
  }
  const rescale = f32x4.extract_lane(exponential(f32x4.splat(before - maximum), constants), 0);
  store<f32>(statistics, maximum);
  store<f64>(statistics, load<f64>(statistics, 8) * <f64>rescale + total, 8);
}

function largest(at: usize, count: i32): f32 {
  let best: f32 = -f32.MAX_VALUE;
  let n = count >> 2;
  if (n) {
    let v = v128.load(at);
    while (--n > 0) {
      at += 16;
      v = f32x4.pmax(v, v128.load(at));
    }
    best = maxLanes(v);
    at += 16;
  }
  n = count & 3;
  while (n > 0) {
    best = max(best, load<f32>(at));
    at += 4;
    n--;
  }
  return best;
}

// @ts-ignore: decorator
@inline
function rowLoss(statistics: usize): f32 {
  return <f32>(<f64>load<f32>(statistics) - <f64>load<f32>(statistics, 4) + logarithm(load<f64>(statistics, 8)));
}

/** ln(x) for normal x > 0, to about 1e-13: x = m·2^e with m around 1, then the series of 2·atanh((m - 1)/(m + 1)). */
function logarithm(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  const offset = bits - 0x3fe6a09e667f3bcd; // the bits of sqrt(1/2)
  const e = offset >> 52;
  const m = reinterpret<f64>(bits - (e << 52));
  const t = (m - 1) / (m + 1);
  const u = t * t;
  let series: f64 = 1.0 / 15;
  series = series * u + 1.0 / 13;
  series = series * u + 1.0 / 11;
  series = series * u + 1.0 / 9;
  series = series * u + 1.0 / 7;
  series = series * u + 1.0 / 5;
  series = series * u + 1.0 / 3;
  series = series * u + 1;
  return <f64>e * 0.6931471805599453 + 2 * t * series;
}
