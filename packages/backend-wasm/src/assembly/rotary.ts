// Rotary embedding, rotate-half: (a, b) → (a·cos - b·sin, b·cos + a·sin) for elements i and i + D/2 of every head.
import { cell, tensor, word } from 'kernel/arguments';
import { fma, fnma, loadPart, storePart } from 'kernel/simd';
import { shareStart } from 'kernel/split';

/** 4 x [rows, H·D] · 5 rotation [rows, D]: cosines, sines · 6 y · 7 rows (cell) · 8 H · 9 D. */
export function rotary(args: usize, thread: i32, threads: i32): void {
  rotateRows(args, thread, threads, false);
}

/** `inverse`: by the negative angles. */
// @ts-ignore: decorator
@inline
export function rotateRows(args: usize, thread: i32, threads: i32, inverse: bool): void {
  const heads = word(args, 8);
  const headDim = word(args, 9);
  const total = cell(args, 7) * heads;
  const end = shareStart(total, thread + 1, threads);
  const half = headDim >> 1;
  const halfBytes = <usize>half << 2;
  const bytes = <usize>headDim << 2;
  for (let i = shareStart(total, thread, threads); i < end; i++) {
    rotateHead(
      tensor(args, 0) + <usize>i * bytes,
      tensor(args, 1) + <usize>(i / heads) * bytes,
      tensor(args, 2) + <usize>i * bytes,
      half,
      halfBytes,
      inverse,
    );
  }
}

// @ts-ignore: decorator
@inline
function turned(sin: v128, inverse: bool): v128 {
  return inverse ? f32x4.neg(sin) : sin;
}

function rotateHead(x: usize, rotation: usize, y: usize, half: i32, halfBytes: usize, inverse: bool): void {
  let n = half >> 2;
  while (n > 0) {
    const a = v128.load(x);
    const b = v128.load(x + halfBytes);
    const cos = v128.load(rotation);
    const sin = turned(v128.load(rotation + halfBytes), inverse);
    v128.store(y, fnma(b, sin, f32x4.mul(a, cos)));
    v128.store(y + halfBytes, fma(a, sin, f32x4.mul(b, cos)));
    x += 16;
    rotation += 16;
    y += 16;
    n--;
  }
  n = half & 3;
  if (n) {
    const a = loadPart(x, n);
    const b = loadPart(x + halfBytes, n);
    const cos = loadPart(rotation, n);
    const sin = turned(loadPart(rotation + halfBytes, n), inverse);
    storePart(y, fnma(b, sin, f32x4.mul(a, cos)), n);
    storePart(y + halfBytes, fma(a, sin, f32x4.mul(b, cos)), n);
  }
}
