/** float16 (IEEE 754 binary16) on the host, rounded to the nearest, ties to even. */
import { BackendError } from '@yoco-u/spec';

export const largestHalf = 65504;
const smallestNormal = 2 ** -14;

/** Bits of each value, infinities and NaN included. Throws `BackendError` for finite numbers beyond ±65504. */
export function toHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  const scratch = new Float32Array(1);
  const bits = new Uint32Array(scratch.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const size = Math.abs(value);
    if (!Number.isFinite(value)) {
      halves[i] = Number.isNaN(value) ? 0x7e00 : value < 0 ? 0xfc00 : 0x7c00;
      continue;
    }
    if (size > largestHalf) {
      throw new BackendError({
        where: 'webgpu backend: write',
        expected: `numbers within ±${largestHalf}, which float16 holds`,
        got: `${value}`,
        fix: 'choose a variant with f32',
      });
    }
    // of small numbers the sum has the last bit that float16 has
    scratch[0] = size < smallestNormal ? size + 0.5 : size;
    const found = bits[0]!;
    const half =
      size < smallestNormal ? found - 0x3f000000 : (found + 0xfff + ((found >>> 13) & 1) - 0x38000000) >>> 13;
    halves[i] = value < 0 || Object.is(value, -0) ? half | 0x8000 : half;
  }
  return halves;
}

export function fromHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, (half) => {
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31 && fraction !== 0) return Number.NaN;
    const size =
      exponent === 31
        ? Number.POSITIVE_INFINITY
        : exponent === 0
          ? fraction * 2 ** -24
          : (1024 + fraction) * 2 ** (exponent - 25);
    return half & 0x8000 ? -size : size;
  });
}
