/** The best logits of each row: what a choice of the next token needs of them. */
import { type KernelSpec, ShapeError, type Value } from '@yoco-u/spec';
import { byteLength, describeType, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, type RowParams, rowsOf } from './checks.ts';

export interface TopKParams extends RowParams {
  /** Room for the best of a row: 1 to `mostTopK`, and no more than there are to choose from. */
  readonly k: number;
  /** How many of them are wanted in this run, 0 to k; absent, k. */
  readonly count?: Value;
  /** The first so many elements of a row are chosen from; absent, all. */
  readonly among?: number;
}

/** The most that `top_k` picks of a row. */
export const mostTopK = 64;
/** Indices are given as float32, exact up to here. */
const mostIndices = 2 ** 24;

/**
 * The largest elements of each row with their indices: x [T, V] → [T, k, 2].   y[t, i] = (x[t, n], n), the i-th largest first
 *
 * Elements are compared as float32. Of equal ones the lower index comes first; 0 and −0 are equal; NaN is larger than any number,
 * so that whoever reads the result sees it. Nothing is written behind the `count` that are wanted. `rows` counts x's. Without a
 * gradient.
 */
export const topK: KernelSpec<TopKParams> = {
  name: 'top_k',
  infer(inputs, { k, among }) {
    expectInputs('top_k', inputs, 1);
    const x = inputs[0]!;
    expectElement('top_k', 'x', x, 'f32');
    const choice = among ?? width(x);
    if (!(Number.isInteger(choice) && choice >= 1 && choice <= Math.min(width(x), mostIndices))) {
      const expected = `1 to ${Math.min(width(x), mostIndices)} elements to choose from`;
      throw new ShapeError({ where: 'top_k', expected, got: `${choice} of ${describeType(x)}` });
    }
    if (!(Number.isInteger(k) && k >= 1 && k <= Math.min(mostTopK, choice))) {
      throw new ShapeError({ where: 'top_k', expected: `k from 1 to ${Math.min(mostTopK, choice)}`, got: `${k}` });
    }
    return [tensorType(f32, rowCount(x), k, 2)];
  },
  cost: ([x], { k }) => ({ flops: 0, bytes: byteLength(x!) + 8 * rowCount(x!) * k }),
  reference({ inputs: [x], outputs: [y], inputTypes: [type], params, value }) {
    const V = width(type!);
    const { k, count = k, among = V } = params;
    const T = value(rowsOf(params, type!));
    for (let t = 0; t < T; t++) {
      const row = Float32Array.from({ length: among }, (_, n) => x![t * V + n]!);
      const best = [...row.keys()].sort((a, b) => compare(row[a]!, row[b]!) || a - b).slice(0, value(count));
      for (const [place, n] of best.entries()) {
        y![(t * k + place) * 2] = x![t * V + n]!;
        y![(t * k + place) * 2 + 1] = n;
      }
    }
  },
};

/** Below 0 where `a` is the larger one. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a === b ? 0 : a > b ? -1 : 1;
}
