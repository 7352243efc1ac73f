import { describe, expect, test } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half-precision.ts';
import { createRandom } from './testing.ts';

const allBits = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** The value of float16 bits, straight from the definition. */
function valueOfFloat16(bits: number): number {
  const sign = bits >>> 15 === 1 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function bitsAsFloat(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}

const toFloat16 = (value: number): number => {
  const target = new Uint16Array(1);
  float32ToFloat16(Float32Array.of(value), target);
  return target[0];
};

const toBfloat16 = (value: number): number => {
  const target = new Uint16Array(1);
  float32ToBfloat16(Float32Array.of(value), target);
  return target[0];
};

describe('float16', () => {
  test('all 65536 values read as defined', () => {
    const values = new Float32Array(65536);
    float16ToFloat32(allBits, values);
    expect([...values]).toEqual(Array.from(allBits, valueOfFloat16));
  });

  test('all values that are read are written back bit for bit, NaN stays NaN', () => {
    const values = new Float32Array(65536);
    const back = new Uint16Array(65536);
    float16ToFloat32(allBits, values);
    float32ToFloat16(values, back);
    const isKept = (bits: number) =>
      Number.isNaN(values[bits]) ? Number.isNaN(valueOfFloat16(back[bits])) : back[bits] === bits;
    expect([...allBits].filter((bits) => !isKept(bits))).toEqual([]);
  });

  test('rounds to the nearest: between all neighbours, at, just below and just above the middle', () => {
    const wrong: number[] = [];
    for (let low = 0; low < 0x7bff; low++) {
      const middle = (valueOfFloat16(low) + valueOfFloat16(low + 1)) / 2;
      const even = low % 2 === 0 ? low : low + 1;
      const step = middle * 2 ** -23;
      const got = [toFloat16(middle), toFloat16(middle - step), toFloat16(middle + step), toFloat16(-middle)];
      const expected = [even, low, low + 1, even | 0x8000];
      if (got.some((bits, i) => bits !== expected[i])) wrong.push(low);
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [65536, 0x7c00],
    [3.4e38, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [2 ** -25, 0],
    [2 ** -25 * (1 + 2 ** -20), 1],
    [1e-45, 0],
    [-0, 0x8000],
  ])('%s becomes 0x%s at the ends of the range', (value, bits) => {
    expect(toFloat16(value)).toBe(bits);
  });

  test('a NaN whose payload lies in the low bits stays a NaN', () => {
    expect(valueOfFloat16(toFloat16(bitsAsFloat(0x7f800001)))).toBeNaN();
  });
});

describe('bfloat16', () => {
  test('all values are read as the upper half of float32 and written back', () => {
    const values = new Float32Array(65536);
    const back = new Uint16Array(65536);
    bfloat16ToFloat32(allBits, values);
    float32ToBfloat16(values, back);
    const isKept = (bits: number) =>
      Number.isNaN(values[bits]) ? Number.isNaN(bitsAsFloat(back[bits] * 65536)) : back[bits] === bits;
    expect([...values]).toEqual(Array.from(allBits, (bits) => bitsAsFloat(bits * 65536)));
    expect([...allBits].filter((bits) => !isKept(bits))).toEqual([]);
  });

  test('rounds to the nearest, ties to even, and overflows to infinity', () => {
    const random = createRandom(5);
    for (let i = 0; i < 5000; i++) {
      const low = Math.floor(random() * 0x7f7f);
      const even = low % 2 === 0 ? low : low + 1;
      const base = low * 65536;
      expect(toBfloat16(bitsAsFloat(base + 0x8000))).toBe(even);
      expect(toBfloat16(bitsAsFloat(base + 0x7fff))).toBe(low);
      expect(toBfloat16(bitsAsFloat(base + 0x8001))).toBe(low + 1);
    }
    expect(toBfloat16(bitsAsFloat(0x7f7fffff))).toBe(0x7f80);
    expect(toBfloat16(bitsAsFloat(0xff7f7fff))).toBe(0xff7f);
    expect(bitsAsFloat(toBfloat16(bitsAsFloat(0x7f800001)) * 65536)).toBeNaN();
  });
});
