// Copies between rows of D floats and the chunk's own layouts. None reads or writes beyond the end of a row.
import { loadPart, storePart } from 'kernel/simd';

/** to[i] = factor from[i], i < count. */
export function scaleRow(from: usize, to: usize, count: i32, factor: v128): void {
  const end = from + (<usize>(count & ~3) << 2);
  while (from < end) {
    v128.store(to, f32x4.mul(factor, v128.load(from)));
    from += 16;
    to += 16;
  }
  if (count & 3) v128.store(to, f32x4.mul(factor, loadPart(from, count & 3)));
}

/** Columns [8 panel, 8 panel + 8) of a row, to `to`; columns from D on become zeros. */
// @ts-ignore: decorator
@inline
export function loadPanel(row: usize, to: usize, panel: i32, D: i32): void {
  const from = row + (<usize>panel << 5);
  const count = D - (panel << 3);
  if (count >= 8) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  } else if (count >= 4) {
    v128.store(to, v128.load(from));
    v128.store(to, count > 4 ? loadPart(from + 16, count - 4) : i32x4.splat(0), 16);
  } else {
    v128.store(to, loadPart(from, count));
    v128.store(to, i32x4.splat(0), 16);
  }
}

/** The way back. */
// @ts-ignore: decorator
@inline
export function storePanel(from: usize, row: usize, panel: i32, D: i32): void {
  const to = row + (<usize>panel << 5);
  const count = D - (panel << 3);
  if (count >= 8) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  } else if (count >= 4) {
    v128.store(to, v128.load(from));
    if (count > 4) storePart(to + 16, v128.load(from, 16), count - 4);
  } else storePart(to, v128.load(from), count);
}

/**
 * Packs `rows` rows of D floats, `stride` bytes apart, in panels of 8 rows: (j, d) at ((j >> 3)·D + d)·8 + (j & 7). What lies
 * beyond the last row stays as it was.
 */
export function packRows(from: usize, stride: usize, to: usize, rows: i32, D: i32): void {
  const wide = D & ~3;
  let j = 0;
  for (; j + 4 <= rows; j += 4) {
    const source = from + <usize>j * stride;
    const target = to + (<usize>(j >> 3) * <usize>D << 5) + (<usize>(j & 4) << 2);
    for (let d = 0; d < wide; d += 4) transpose4(source + (<usize>d << 2), stride, target + (<usize>d << 5));
    for (let d = wide; d < D; d++) {
      for (let row = 0; row < 4; row++) {
        store<f32>(
          target + (<usize>d << 5) + (<usize>row << 2),
          load<f32>(source + <usize>row * stride + (<usize>d << 2)),
        );
      }
    }
  }
  for (; j < rows; j++) {
    const source = from + <usize>j * stride;
    const target = to + (<usize>(j >> 3) * <usize>D << 5) + (<usize>(j & 7) << 2);
    for (let d = 0; d < D; d++) store<f32>(target + (<usize>d << 5), load<f32>(source + (<usize>d << 2)));
  }
}

/** Four rows of four → four columns, 32 bytes apart. */
// @ts-ignore: decorator
@inline
function transpose4(from: usize, stride: usize, to: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + stride);
  const c = v128.load(from + (stride << 1));
  const d = v128.load(from + stride * 3);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7), 96);
}
