/**
 * float16 (IEEE 754 binary16) and bfloat16, to and from float32. Rounding is to the nearest, ties to even; subnormals, signed
 * zeros and infinities are exact, values beyond the range become infinite, and a NaN stays a NaN.
 *
 * All functions convert `target.length` elements; both arrays have the same length.
 */

const buildTable = (): Uint32Array => {
  const table = new Uint32Array(0x10000);
  for (let half = 0; half < table.length; half++) table[half] = float16BitsToFloat32Bits(half);
  return table;
};

let float16Table: Uint32Array | undefined;

export function float16ToFloat32(source: Uint16Array, target: Float32Array): void {
  float16Table ??= buildTable();
  const table = float16Table;
  // Through the bits, because storing a NaN as a number may change its payload.
  const bits = bitsOf(target);
  for (let i = 0; i < bits.length; i++) bits[i] = table[source[i]];
}

export function float32ToFloat16(source: Float32Array, target: Uint16Array): void {
  const bits = bitsOf(source);
  for (let i = 0; i < target.length; i++) target[i] = float32BitsToFloat16Bits(bits[i]);
}

export function bfloat16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = bitsOf(target);
  for (let i = 0; i < bits.length; i++) bits[i] = source[i] << 16;
}

export function float32ToBfloat16(source: Float32Array, target: Uint16Array): void {
  const bits = bitsOf(source);
  for (let i = 0; i < target.length; i++) {
    const value = bits[i];
    const notANumber = (value & 0x7fffffff) > 0x7f800000;
    // Half of the last kept bit, less one where that bit is even: ties then round to even.
    target[i] = notANumber ? (value >>> 16) | 0x40 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function float16BitsToFloat32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // A subnormal, fraction · 2^-24: shift its leading bit out to where float32 implies it.
  const shift = Math.clz32(fraction) - 21;
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
}

function float32BitsToFloat16Bits(value: number): number {
  const sign = (value >>> 16) & 0x8000;
  const magnitude = value & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff);
  // 2^16 and above; values that round up to it come out as infinity below.
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // 2^-14 and above: normal.
  if (magnitude >= 0x38800000) {
    return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
  }
  // 2^-25 is half of the smallest subnormal and ties to zero.
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const quotient = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (quotient + (rest > half || (rest === half && (quotient & 1) === 1) ? 1 : 0));
}
