// Packing of a row-major matrix [k, columns] by its columns, for products that sum over its rows: eight columns a panel,
// element (i, c) at ((c >> 3)·k + i)·8 + (c & 7) floats, or four a group in the same way. Columns beyond are zeros.
import { smaller } from 'kernel/split';

/** Rows copied before going on to the next panel: whole cache lines are written, and those read are still near. */
const rowsAtOnce: i32 = 8;

/** Packs into panels of eight columns, `k`·32 bytes each. `stride`: bytes from row to row. */
export function packColumnPanels(from: usize, stride: usize, k: i32, columns: i32, to: usize): void {
  const panelBytes = <usize>k << 5;
  const full = columns >> 3;
  const rest = columns & 7;
  for (let row = 0; row < k; row += rowsAtOnce) {
    const count = smaller(rowsAtOnce, k - row);
    let source = from + <usize>row * stride;
    let target = to + (<usize>row << 5);
    for (let panel = 0; panel < full; panel++) {
      let s = source;
      let t = target;
      let n = count;
      do {
        v128.store(t, v128.load(s));
        v128.store(t, v128.load(s, 16), 16);
        s += stride;
        t += 32;
      } while (--n);
      source += 32;
      target += panelBytes;
    }
    if (rest) copyPart(source, stride, target, 32, count, rest);
  }
}

/** Packs into groups of four columns, `k`·16 bytes each. */
export function packColumnGroups(from: usize, stride: usize, k: i32, columns: i32, to: usize): void {
  const groupBytes = <usize>k << 4;
  const full = columns >> 2;
  const rest = columns & 3;
  for (let row = 0; row < k; row += rowsAtOnce) {
    const count = smaller(rowsAtOnce, k - row);
    let source = from + <usize>row * stride;
    let target = to + (<usize>row << 4);
    for (let group = 0; group < full; group++) {
      let s = source;
      let t = target;
      let n = count;
      do {
        v128.store(t, v128.load(s));
        s += stride;
        t += 16;
      } while (--n);
      source += 16;
      target += groupBytes;
    }
    if (rest) copyPart(source, stride, target, 16, count, rest);
  }
}

function copyPart(from: usize, stride: usize, to: usize, step: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++) {
    memory.fill(to, 0, step);
    for (let c = 0; c < columns; c++) store<f32>(to + (<usize>c << 2), load<f32>(from + (<usize>c << 2)));
    from += stride;
    to += step;
  }
}
