// Gradients of linear_cross_entropy. With p = softmax(x·Wᵀ): dlogits[t, v] = g[t]·(p[t, v] - (v = target[t])), 0 in rows of
// negative target; dx = dlogits·W, dW = dlogitsᵀ·x.
//
// Rows are worked on in blocks; only a block's dlogits exist. A block takes two phases, since threads share rows for dx and
// vocabulary for dW: the host repeats `…_rows` and `…_weight` as often as there are blocks, and every thread counts them.
//
// 4 x [rows, C] · 5 W [V, C] · 6 targets i32 [rows] · 7 losses [rows] · 8 g [rows] · 9, 10: dx, dW, or sum, dx ·
// 11 rows (cell) · 12 C · 13 V · 14 rows of a block · 15 whether dW is added to 9 · 16 wide tiles.
// Workspace: threads' parts · W in panels of 8 rows · W in panels of 8 columns · dlogits of a block.
import { cell, tensor, word, workspace } from 'kernel/arguments';
import { exponential, storeExponentialConstants } from 'kernel/exponential';
import { loadPart, storePart } from 'kernel/simd';
import { ceilDivide, larger, shareStart, shareStartOf, smaller } from 'kernel/split';
import { packWeightColumns } from './linear-backward';
import { linearScratchBytes, multiply } from './linear-blocks';
import { outerProductScratchBytes, outerProductShare } from './outer-product';
import { packPanels } from './panels';

/** Rows whose logits are computed, turned into gradients and multiplied while they are near. */
const rowBlock: i32 = 32;
/** The count of blocks · exp constants · scratch of the products. */
const constantsAt: i32 = 64;
const scratchAt: i32 = 128;

/** Bytes of workspace a thread; the host computes the same. */
// @ts-ignore: decorator
@inline
function threadBytes(): usize {
  return <usize>(scratchAt + larger(linearScratchBytes, outerProductScratchBytes));
}

// @ts-ignore: decorator
@inline
function rowPanels(args: usize, threads: i32): usize {
  return workspace(args) + <usize>threads * threadBytes();
}

// @ts-ignore: decorator
@inline
function columnPanels(args: usize, threads: i32): usize {
  return rowPanels(args, threads) + (<usize>ceilDivide(word(args, 13), 8) * <usize>word(args, 12) << 5);
}

// @ts-ignore: decorator
@inline
function gradients(args: usize, threads: i32): usize {
  return columnPanels(args, threads) + (<usize>ceilDivide(word(args, 12), 8) * <usize>word(args, 13) << 5);
}

/** First phase: packs W. */
export function linear_cross_entropy_backward_pack(args: usize, thread: i32, threads: i32): void {
  const own = workspace(args) + <usize>thread * threadBytes();
  store<i32>(own, 0);
  storeExponentialConstants(own + constantsAt);
  const width = word(args, 12);
  const vocabulary = word(args, 13);
  const panels = ceilDivide(vocabulary, 8);
  const start = shareStart(panels, thread, threads);
  const end = shareStart(panels, thread + 1, threads);
  packPanels(tensor(args, 1), rowPanels(args, threads), vocabulary, width, start, end);
  packWeightColumns(tensor(args, 1), columnPanels(args, threads), vocabulary, width, thread, threads);
}

/** A block's dlogits and dx: threads share its rows. */
export function linear_cross_entropy_backward_rows(args: usize, thread: i32, threads: i32): void {
  const own = workspace(args) + <usize>thread * threadBytes();
  const block = word(args, 14);
  const first = load<i32>(own) * block;
  const count = smaller(block, cell(args, 11) - first);
  if (count <= 0) return;
  const width = word(args, 12);
  const vocabulary = word(args, 13);
  const x = tensor(args, 0);
  const dx = word(args, 15) ? tensor(args, 6) : tensor(args, 5);
  const wide = word(args, 16) != 0;
  const scratch = own + scratchAt;
  const end = shareStartOf(count, 4, thread + 1, threads);
  for (let row = shareStartOf(count, 4, thread, threads); row < end; row += rowBlock) {
    const rows = smaller(rowBlock, end - row);
    const at = <usize>(first + row) * <usize>width << 2;
    const logits = gradients(args, threads) + (<usize>row * <usize>vocabulary << 2);
    multiply(x + at, rowPanels(args, threads), logits, width, vocabulary, 0, rows, 0, ceilDivide(vocabulary, 8), wide, scratch);
    for (let r = 0; r < rows; r++) {
      const index = <usize>(first + row + r) << 2;
      logitGradients(
        logits + (<usize>r * <usize>vocabulary << 2),
        vocabulary,
        load<i32>(tensor(args, 2) + index),
        load<f32>(tensor(args, 3) + index),
        load<f32>(tensor(args, 4) + index),
        own + constantsAt,
      );
    }
    multiply(logits, columnPanels(args, threads), dx + at, vocabulary, width, 0, rows, 0, ceilDivide(width, 8), wide, scratch);
  }
}

/** The block's part of dW: threads share its rows or columns. */
export function linear_cross_entropy_backward_weight(args: usize, thread: i32, threads: i32): void {
  const own = workspace(args) + <usize>thread * threadBytes();
  const done = load<i32>(own);
  store<i32>(own, done + 1);
  const block = word(args, 14);
  const first = done * block;
  const count = smaller(block, cell(args, 11) - first);
  if (count <= 0 && done > 0) return;
  const width = word(args, 12);
  const add = word(args, 15);
  outerProductShare(
    gradients(args, threads),
    tensor(args, 0) + (<usize>first * <usize>width << 2),
    add ? tensor(args, 5) : tensor(args, 6),
    count,
    word(args, 13),
    width,
    add != 0 || done > 0,
    thread,
    threads,
    own + scratchAt,
  );
}

/** A row of logits becomes its gradient, in place. */
function logitGradients(logits: usize, count: i32, target: i32, loss: f32, gradient: f32, constants: usize): void {
  if (<u32>target >= <u32>count) {
    memory.fill(logits, 0, <usize>count << 2);
    return;
  }
  const chosen = logits + (<usize>target << 2);
  const logSum = f32x4.splat(loss + load<f32>(chosen));
  const factor = f32x4.splat(gradient);
  let at = logits;
  let n = count >> 2;
  while (n > 0) {
    v128.store(at, f32x4.mul(factor, exponential(f32x4.sub(v128.load(at), logSum), constants)));
    at += 16;
    n--;
  }
  n = count & 3;
  if (n) storePart(at, f32x4.mul(factor, exponential(f32x4.sub(loadPart(at, n), logSum), constants)), n);
  store<f32>(chosen, load<f32>(chosen) - gradient);
}
