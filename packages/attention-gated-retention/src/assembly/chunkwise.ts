// A segment of one head in chunks of 32 rows, by matrix products; the derivation is with the kernel's definition.
import { splat } from 'kernel/simd';
import { smaller } from 'kernel/split';
import { prepareDecays, prepareWeights } from './chunk';
import { loadPanel, packRows, scaleRow, storePanel } from './rows';
import {
  chunkRows,
  entering,
  kept,
  keyPanels,
  leaving,
  leavingKeys,
  queries,
  results,
  statePanels,
  strideOf,
  valuePanels,
  weights,
} from './scratch';
import { tile } from './tile';

/**
 * rows, H, D · q, k, v, o: the head's first row of the segment, rows H·D floats apart · decay: its first logit, H floats
 * apart · state: [D, D], or 0 where there is none · fresh: the state counts as empty · panels [from, to) of 8 columns of v,
 * state and o: every column is a chain of its own, so any split gives the same bits · scratch: this thread's.
 */
export function retainChunks(
  rows: i32,
  H: i32,
  D: i32,
  q: usize,
  k: usize,
  v: usize,
  decay: usize,
  scale: v128,
  state: usize,
  fresh: bool,
  o: usize,
  from: i32,
  to: i32,
  scratch: usize,
): void {
  const stride = strideOf(D);
  const rowBytes = <usize>(H * D) << 2;
  const statePanelBytes = stride << 3;
  const states = scratch + statePanels(stride);
  const values = scratch + valuePanels(stride);
  const outputs = scratch + results(stride);
  for (let panel = from; panel < to; panel++) {
    const target = states + <usize>panel * statePanelBytes;
    if (fresh) memory.fill(target, 0, statePanelBytes);
    else for (let d = 0; d < D; d++) loadPanel(state + (<usize>(d * D) << 2), target + (<usize>d << 5), panel, D);
  }
  for (let first = 0; first < rows; first += chunkRows) {
    const count = smaller(chunkRows, rows - first);
    const offset = <usize>first * rowBytes;
    prepareDecays(scratch, decay + (<usize>(first * H) << 2), H, count);
    packRows(k + offset, rowBytes, scratch + keyPanels(stride), count, D);
    for (let n = 0; n < count; n++) {
      const at = offset + <usize>n * rowBytes;
      const row = <usize>n * stride;
      scaleRow(q + at, scratch + queries + row, D, scale);
      scaleRow(k + at, scratch + leavingKeys(stride) + row, D, splat(scratch + leaving + (<usize>n << 2)));
      for (let panel = from; panel < to; panel++) {
        loadPanel(v + at, values + (<usize>(panel * chunkRows + n) << 5), panel, D);
      }
    }
    prepareWeights(scratch, D, stride, count);
    for (let panel = from; panel < to; panel++) {
      const entries = states + <usize>panel * statePanelBytes;
      const value = values + (<usize>(panel * chunkRows) << 5);
      for (let n = 0; n < count; n += 4) {
        const target = outputs + <usize>n * stride + (<usize>panel << 5);
        tile(D, scratch + queries + <usize>n * stride, stride, 4, entries, target, stride, 0);
        const factors = scratch + entering + (<usize>n << 2);
        // rows beyond `count` of the last four come out as rubbish, and are not stored
        const visible = smaller(n + 4, count);
        tile(visible, scratch + weights + (<usize>n << 7), 128, 4, value, target, stride, factors);
      }
      for (let d = 0; d < D; d += 4) {
        const keys = scratch + leavingKeys(stride) + (<usize>d << 2);
        tile(count, keys, 4, stride, value, entries + (<usize>d << 5), 32, scratch + kept);
      }
      for (let n = 0; n < count; n++) {
        storePanel(outputs + <usize>n * stride + (<usize>panel << 5), o + offset + <usize>n * rowBytes, panel, D);
      }
    }
  }
  if (state == 0) return;
  for (let panel = from; panel < to; panel++) {
    const source = states + <usize>panel * statePanelBytes;
    for (let d = 0; d < D; d++) storePanel(source + (<usize>d << 5), state + (<usize>(d * D) << 2), panel, D);
  }
}
