/** Numbers of suites: seeded data and comparisons that say where and by how much. */
import type { NumberArray, TensorType } from '@yoco-u/spec';
import { elementCount } from '@yoco-u/tensor';
import { ConformanceError } from './expectations.ts';

/** Numbers in [-1, 1), the same for a seed on every machine. */
export function createRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

export function randomArray(length: number, seed: number, factor = 1): Float32Array {
  const random = createRandom(seed);
  const array = new Float32Array(length);
  // suites fill millions of elements: several times as fast as Float32Array.from
  for (let i = 0; i < length; i++) array[i] = factor * random();
  return array;
}

/** Integers in [0, below). */
export function randomIntegers(length: number, seed: number, below: number): Int32Array {
  const random = createRandom(seed);
  return Int32Array.from({ length }, () => Math.floor(((random() + 1) / 2) * below));
}

/** Host memory for a tensor: what a backend computes in, or the float64 of the definition. */
export function hostArray(type: TensorType, precision: 32 | 64): NumberArray {
  const length = elementCount(type);
  if (type.format.element === 'i32') return new Int32Array(length);
  return precision === 64 ? new Float64Array(length) : new Float32Array(length);
}

/** Throws at the first element whose bits differ; NaN equals NaN, 0 does not equal −0. */
export function expectSameBits(where: string, got: NumberArray, expected: NumberArray): void {
  if (got.length !== expected.length) {
    throw new ConformanceError({ where, expected: `${expected.length} elements`, got: `${got.length}` });
  }
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(got[i], expected[i])) continue;
    throw new ConformanceError({ where: `${where}[${i}]`, expected: `exactly ${expected[i]}`, got: `${got[i]}` });
  }
}

/** Throws when an element is off by more than `tolerance` times the largest finite magnitude expected. */
export function expectClose(where: string, got: NumberArray, expected: NumberArray, tolerance: number): void {
  if (got.length !== expected.length) {
    throw new ConformanceError({ where, expected: `${expected.length} elements`, got: `${got.length}` });
  }
  let magnitude = 0;
  for (const value of expected) if (Number.isFinite(value)) magnitude = Math.max(magnitude, Math.abs(value));
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(got[i], expected[i]) || Math.abs(got[i]! - expected[i]!) <= tolerance * magnitude) continue;
    throw new ConformanceError({
      where: `${where}[${i}]`,
      expected: `${expected[i]} within ${tolerance} of the magnitude ${magnitude}`,
      got: `${got[i]}`,
    });
  }
}
