// exp of four floats. Cephes' expf: range reduction by multiples of ln 2, then a polynomial of degree 5.
//
// Its constants are read from memory: as literals they would be rebuilt by the engine inside every loop. A kernel calls
// `storeExponentialConstants` once, with 64 bytes of its thread's workspace.
import { fma, fnma } from './simd';

/** Bytes that the constants take. */
export const exponentialConstantBytes: i32 = 64;

export function storeExponentialConstants(at: usize): void {
  store<f32>(at, 88.37626); // above: the result stays finite
  store<f32>(at, -86.99, 4); // below: the result is 0
  store<f32>(at, 1.44269504088896341, 8);
  store<f32>(at, 12582912.0, 12); // 1.5·2^23: adding it rounds to an integer, which is then in the low bits
  store<f32>(at, 0.693359375, 16);
  store<f32>(at, -2.12194440e-4, 20);
  store<f32>(at, 1.9875691500e-4, 24);
  store<f32>(at, 1.3981999507e-3, 28);
  store<f32>(at, 8.3334519073e-3, 32);
  store<f32>(at, 4.1665795894e-2, 36);
  store<f32>(at, 1.6666665459e-1, 40);
  store<f32>(at, 5.0000001201e-1, 44);
  store<f32>(at, 1.0, 48);
}

/** exp(x), relative error below 1.5e-7; 0 below -86.99 and for -infinity; NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function exponential(x: v128, constants: usize): v128 {
  const low = v128.load32_splat(constants, 4);
  const bounded = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(constants)), low);
  const magic = v128.load32_splat(constants, 12);
  const shifted = fma(bounded, v128.load32_splat(constants, 8), magic);
  const n = f32x4.sub(shifted, magic);
  const r = fnma(n, v128.load32_splat(constants, 20), fnma(n, v128.load32_splat(constants, 16), bounded));
  // Estrin's scheme: shorter chains than Horner's
  const square = f32x4.mul(r, r);
  const high = fma(v128.load32_splat(constants, 24), r, v128.load32_splat(constants, 28));
  const middle = fma(v128.load32_splat(constants, 32), r, v128.load32_splat(constants, 36));
  const least = fma(v128.load32_splat(constants, 40), r, v128.load32_splat(constants, 44));
  const linear = f32x4.add(r, v128.load32_splat(constants, 48));
  const p = fma(fma(fma(high, square, middle), square, least), square, linear);
  return v128.andnot(i32x4.add(p, i32x4.shl(shifted, 23)), f32x4.lt(x, low));
}
