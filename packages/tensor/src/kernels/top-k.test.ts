import { ShapeError } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { f32, tensorType } from '../shape.ts';
import { topK } from './top-k.ts';

/** The pairs of one row. */
function best(row: readonly number[], params: { readonly k: number; readonly among?: number }): number[][] {
  const y = new Float64Array(2 * params.k);
  const type = tensorType(f32, 1, row.length);
  topK.reference({
    inputs: [Float64Array.from(row)],
    outputs: [y],
    inputTypes: [type],
    outputTypes: topK.infer([type], params),
    params,
    value: (value) => value as number,
  });
  return Array.from({ length: params.k }, (_, place) => [...y.subarray(2 * place, 2 * place + 2)]);
}

test('the largest come first, of equal ones the lower index, NaN before all', () => {
  const row = [1, 3, -0, 3, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  expect(best(row, { k: 8 }).map(([, index]) => index)).toEqual([5, 6, 1, 3, 0, 2, 4, 7]);
  expect(best(row, { k: 2, among: 4 })).toEqual([
    [3, 1],
    [3, 3],
  ]);
});

test('numbers that are equal in float32 are equal, whatever they are computed in', () => {
  expect(best([1, 1 + 1e-12, 1 - 1e-12], { k: 3 }).map(([, index]) => index)).toEqual([0, 1, 2]);
});

test.each([
  [{ k: 0 }, 'top_k: expected k from 1 to 64, got 0'],
  [{ k: 65 }, 'top_k: expected k from 1 to 64, got 65'],
  [{ k: 1.5 }, 'got 1.5'],
  [{ k: 4, among: 3 }, 'top_k: expected k from 1 to 3, got 4'],
  [{ k: 1, among: 101 }, 'top_k: expected 1 to 100 elements to choose from, got 101 of f32 [2, 100]'],
])('%o of 100 is refused', (params, message) => {
  const infer = () => topK.infer([tensorType(f32, 2, 100)], params);
  expect(infer).toThrow(ShapeError);
  expect(infer).toThrow(message);
});

test('rows whose indices float32 does not hold are refused', () => {
  expect(() => topK.infer([tensorType(f32, 1, 2 ** 24 + 1)], { k: 1 })).toThrow('1 to 16777216 elements');
  expect(topK.infer([tensorType(f32, 1, 2 ** 24 + 1)], { k: 1, among: 2 ** 24 })[0]!.shape).toEqual([1, 1, 2]);
});
