import { BackendError } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { fromHalves, largestHalf, toHalves } from './half.ts';

test('every float16 comes back, and what lies between two goes to the nearer, ties to even', () => {
  const all = Uint16Array.from({ length: 0x7c00 }, (_, half) => half);
  const values = fromHalves(all);
  expect(toHalves(values)).toEqual(all);
  expect(toHalves(values.map((value) => -value))).toEqual(all.map((half) => half | 0x8000));
  const between = (share: number) =>
    values.slice(0, -1).map((value, index) => value + share * (values[index + 1]! - value));
  expect(toHalves(between(0.49))).toEqual(all.slice(0, -1));
  expect(toHalves(between(0.51))).toEqual(all.slice(1));
  expect(toHalves(between(0.5))).toEqual(all.slice(0, -1).map((half) => half + (half % 2)));
});

test('infinities and NaN stay what they are', () => {
  const values = Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN);
  expect(fromHalves(toHalves(values))).toEqual(values);
});

test.each([largestHalf + 1, -1e6])('%s is refused', (value) => {
  expect(() => toHalves(Float32Array.of(value))).toThrow(BackendError);
});
