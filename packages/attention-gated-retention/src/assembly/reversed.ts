// A segment of one head from its last row to its first, in chunks of 32 rows; the derivation is with the kernel's definition.
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
 * out_j = sum over n >= j of gamma_(j+1) · … · gamma_n · scale · (a_j·b_n) · c_n: with (k, q, g) the gradient of v, with
 * (v, g, q) that of k.
 *
 * rows, H, D · a, b, c, out: the head's first row of the segment, rows H·D floats apart · decay: its first logit, H floats
 * apart · panels [from, to) of 8 columns of c and out: every column is a chain of its own, so any split gives the same bits ·
 * scratch: this thread's. There `queries` holds b, `keyPanels` and `leavingKeys` (unscaled here) a, and `valuePanels` c.
 */
export function retainReversed(
  rows: i32,
  H: i32,
  D: i32,
  a: usize,
  b: usize,
  c: usize,
  decay: usize,
  scale: v128,
  out: usize,
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
  const readers = scratch + leavingKeys(stride);
  const one = f32x4.splat(1);
  memory.fill(states + <usize>from * statePanelBytes, 0, <usize>(to - from) * statePanelBytes);
  for (let first = (rows - 1) & -chunkRows; first >= 0; first -= chunkRows) {
    const count = smaller(chunkRows, rows - first);
    const offset = <usize>first * rowBytes;
    prepareDecays(scratch, decay + (<usize>(first * H) << 2), H, count);
    packRows(a + offset, rowBytes, scratch + keyPanels(stride), count, D);
    for (let n = 0; n < count; n++) {
      const at = offset + <usize>n * rowBytes;
      const row = <usize>n * stride;
      scaleRow(b + at, scratch + queries + row, D, scale);
      scaleRow(a + at, readers + row, D, one);
      for (let panel = from; panel < to; panel++) {
        loadPanel(c + at, values + (<usize>(panel * chunkRows + n) << 5), panel, D);
      }
    }
    prepareWeights(scratch, D, stride, count);
    for (let n = 0; n < count; n++) {
      const row = scratch + queries + <usize>n * stride;
      scaleRow(row, row, D, splat(scratch + entering + (<usize>n << 2)));
    }
    for (let panel = from; panel < to; panel++) {
      const entries = states + <usize>panel * statePanelBytes;
      const value = values + (<usize>(panel * chunkRows) << 5);
      for (let j = 0; j < count; j += 4) {
        const target = outputs + <usize>j * stride + (<usize>panel << 5);
        // rows beyond `count` of the last four come out as rubbish, and are not stored
        tile(D, readers + <usize>j * stride, stride, 4, entries, target, stride, 0);
        // column j of the weights: rows from j on, the weights above the diagonal being zeros
        const column = scratch + weights + (<usize>j << 7) + (<usize>j << 2);
        const factors = scratch + leaving + (<usize>j << 2);
        tile(count - j, column, 4, 128, value + (<usize>j << 5), target, stride, factors);
      }
      for (let d = 0; d < D; d += 4) {
        const readings = scratch + queries + (<usize>d << 2);
        tile(count, readings, 4, stride, value, entries + (<usize>d << 5), 32, scratch + kept);
      }
      for (let n = 0; n < count; n++) {
        storePanel(outputs + <usize>n * stride + (<usize>panel << 5), out + offset + <usize>n * rowBytes, panel, D);
      }
    }
  }
}
