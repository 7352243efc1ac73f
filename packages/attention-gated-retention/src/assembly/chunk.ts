// What a chunk of up to 32 rows of one head needs before its matrix products, from left to right or from right to left.
import { exponential } from 'kernel/exponential';
import { splat } from 'kernel/simd';
import { logDecay } from './decay';
import {
  chunkRows,
  decayRow,
  entering,
  gammas,
  kept,
  keyPanels,
  leaving,
  logDecays,
  queries,
  weights,
} from './scratch';
import { tile } from './tile';

/**
 * Decays below this count as zero: products of small gammas would else pass through denormal numbers, which are slow.
 */
const vanished: f32 = 1e-30;

/** Fills `gammas`, `entering`, `leaving` and `kept` of a chunk from its logits, H floats apart. */
export function prepareDecays(scratch: usize, decay: usize, H: i32, count: i32): void {
  for (let n = 0; n < chunkRows; n++) {
    // the logits of missing rows count as zero: whatever they give is not used
    const logit: f32 = n < count ? load<f32>(decay + (<usize>(n * H) << 2)) : 0;
    store<f32>(scratch + logDecays + (<usize>n << 2), logit);
  }
  for (let at: usize = 0; at < <usize>chunkRows << 2; at += 16) {
    const logarithm = logDecay(v128.load(scratch + logDecays + at), scratch);
    v128.store(scratch + logDecays + at, logarithm);
    v128.store(scratch + gammas + at, exponential(logarithm, scratch));
  }
  // both sums by themselves: the difference of two prefix sums would lose small ones behind a large one
  let before: f64 = 0;
  for (let n = 0; n < count; n++) {
    before += <f64>load<f32>(scratch + logDecays + (<usize>n << 2));
    store<f32>(scratch + entering + (<usize>n << 2), <f32>before);
  }
  let after: f64 = 0;
  for (let n = count - 1; n >= 0; n--) {
    store<f32>(scratch + leaving + (<usize>n << 2), <f32>after);
    after += <f64>load<f32>(scratch + logDecays + (<usize>n << 2));
  }
  v128.store(scratch + kept, exponential(f32x4.splat(<f32>before), scratch));
  for (let at: usize = 0; at < <usize>count << 2; at += 16) {
    v128.store(scratch + entering + at, exponential(v128.load(scratch + entering + at), scratch));
    v128.store(scratch + leaving + at, exponential(v128.load(scratch + leaving + at), scratch));
  }
}

/**
 * weights[n, j] = (`queries`_n·`keyPanels`_j) · gamma_(j+1) · … · gamma_n for j <= n, zeros up to the next multiple of 4. A row's
 * decays are those of the row before times gamma_n: products of numbers in [0, 1], without an exponential for every pair.
 */
export function prepareWeights(scratch: usize, D: i32, stride: usize, count: i32): void {
  const panelBytes = <usize>D << 5;
  for (let n = 0; n < count; n += 4) {
    for (let j = 0; j < n + 4; j += 8) {
      tile(
        D,
        scratch + queries + <usize>n * stride,
        stride,
        4,
        scratch + keyPanels(stride) + <usize>(j >> 3) * panelBytes,
        scratch + weights + (<usize>n << 7) + (<usize>j << 2),
        128,
        0,
      );
    }
  }
  const decays = scratch + decayRow;
  memory.fill(decays, 0, <usize>chunkRows << 2);
  const least = f32x4.splat(vanished);
  for (let n = 0; n < count; n++) {
    const gamma = splat(scratch + gammas + (<usize>n << 2));
    const row = scratch + weights + (<usize>n << 7);
    const last = <usize>(n & ~3) << 2;
    for (let at: usize = 0; at <= last; at += 16) {
      v128.store(decays + at, f32x4.mul(v128.load(decays + at), gamma));
    }
    store<f32>(decays + (<usize>n << 2), 1);
    for (let at: usize = 0; at <= last; at += 16) {
      const factor = v128.load(decays + at);
      const live = f32x4.gt(factor, least);
      v128.store(decays + at, v128.and(factor, live));
      v128.store(row + at, v128.and(f32x4.mul(factor, v128.load(row + at)), live));
    }
  }
}
