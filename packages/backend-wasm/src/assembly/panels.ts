// Packing of a row-major matrix [out, k] into panels of 8 rows: element (o, i) at ((o >> 3)·k + i)·8 + (o & 7) floats.
import { smaller } from 'kernel/split';

/** Packs panels [start, end); rows beyond `out` become zeros. */
export function packPanels(from: usize, to: usize, out: i32, k: i32, start: i32, end: i32): void {
  const stride = <usize>k << 2;
  for (let panel = start; panel < end; panel++) {
    const source = from + <usize>(panel << 3) * stride;
    const target = to + (<usize>panel * <usize>k << 5);
    const rows = smaller(8, out - (panel << 3));
    if (rows == 8) packPanel(source, stride, target, k);
    else packPartialPanel(source, stride, target, k, rows);
  }
}

function packPanel(source: usize, stride: usize, target: usize, k: i32): void {
  const wide = k & ~3;
  for (let i = 0; i < wide; i += 4) {
    const from = source + (<usize>i << 2);
    const to = target + (<usize>i << 5);
    transpose4(from, stride, to, 32);
    transpose4(from + (stride << 2), stride, to + 16, 32);
  }
  for (let i = wide; i < k; i++) packColumn(source + (<usize>i << 2), stride, target + (<usize>i << 5), 8);
}

/** Four rows of four → four columns, `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function transpose4(from: usize, stride: usize, to: usize, step: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + stride);
  const r2 = v128.load(from + (stride << 1));
  const r3 = v128.load(from + stride * 3);
  const low01 = i8x16.shuffle(r0, r1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const high01 = i8x16.shuffle(r0, r1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const low23 = i8x16.shuffle(r2, r3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const high23 = i8x16.shuffle(r2, r3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(to, i8x16.shuffle(low01, low23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(to + step, i8x16.shuffle(low01, low23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  v128.store(to + (step << 1), i8x16.shuffle(high01, high23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(to + step * 3, i8x16.shuffle(high01, high23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
}

function packPartialPanel(source: usize, stride: usize, target: usize, k: i32, rows: i32): void {
  memory.fill(target, 0, <usize>k << 5);
  for (let i = 0; i < k; i++) packColumn(source + (<usize>i << 2), stride, target + (<usize>i << 5), rows);
}

// @ts-ignore: decorator
@inline
function packColumn(source: usize, stride: usize, target: usize, rows: i32): void {
  for (let row = 0; row < rows; row++) {
    store<f32>(target + (<usize>row << 2), load<f32>(source));
    source += stride;
  }
}
