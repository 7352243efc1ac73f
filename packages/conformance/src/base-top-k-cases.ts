/** Cases of `top_k`: vocabularies of any size, equal elements, and numbers that are none. */
import type { Value } from '@yoco-u/spec';
import { f32, tensorType, topK } from '@yoco-u/tensor';
import type { AnyKernelCase, KernelWithCases } from './kernel-case.ts';
import { randomArray, randomIntegers } from './numbers.ts';

interface TopKCase {
  readonly name: string;
  readonly vocabulary: number;
  /** In use, and at most. */
  readonly rows: number;
  readonly most: number;
  readonly k: number;
  /** How many of them are wanted; default all. */
  readonly count?: number;
  readonly among?: number;
  readonly data: ArrayLike<number>;
}

function caseOf({ name, vocabulary, rows, most, k, count = k, among, data }: TopKCase): AnyKernelCase {
  return {
    name: `${name}: ${count} of ${vocabulary}`,
    inputs: [{ type: tensorType(f32, most, vocabulary), data: Float32Array.from(data), perRow: true, constant: true }],
    scalars: { rows: { type: 'i32', value: rows }, count: { type: 'i32', value: count } },
    params: (values: Readonly<Record<string, Value>>) => ({
      rows: values.rows,
      k,
      count: values.count,
      ...(among === undefined ? {} : { among }),
    }),
    // what is not wanted is not written
    rowwise: count === k,
  };
}

const vocabularies = [1, 2, 7, 64, 65, 511, 512, 513, 1027, 4099];

const random = vocabularies.map((vocabulary, index) => {
  const rows = index % 4;
  const k = Math.min(vocabulary, [64, 1, 5, 40][index % 4]!);
  const data = randomArray(rows * vocabulary, index, 1e4);
  return caseOf({ name: 'random numbers', vocabulary, rows, most: rows + 1, k, data });
});

/** Few values, so that most of what is chosen is decided by the index. */
const equal = [1, 70, 513, 1500].map((vocabulary, index) => {
  const data = randomIntegers(2 * vocabulary, index, 3);
  return caseOf({ name: 'many equal', vocabulary, rows: 2, most: 3, k: Math.min(vocabulary, 64), data });
});

/** The best lie side by side, in one slice, or at the end. */
const placed = (
  [
    ['rising', (n: number) => n],
    ['falling', (n: number) => -n],
    ['every 512th', (n: number) => (n % 512 === 3 ? 1e4 + n : n)],
    ['all equal', () => -2],
  ] as const
).map(([name, value]) =>
  caseOf({
    name,
    vocabulary: 3001,
    rows: 1,
    most: 1,
    k: 64,
    data: Float32Array.from({ length: 3001 }, (_, n) => value(n)),
  }),
);

const strange = Float32Array.from(randomArray(3 * 300, 5, 10));
strange.set([Number.NaN, Number.NEGATIVE_INFINITY, -0, 0, 1e-40, -1e-40, Number.POSITIVE_INFINITY, Number.NaN], 40);
strange.fill(Number.NEGATIVE_INFINITY, 300, 600);
strange.set([0, -0, 1e-40, 3.4e38], 450);
strange.fill(-3.4e38, 600, 900);

/**
 * For `describeKernel`. Vocabularies of 1 to 32,001, more room than is wanted, elements that are not chosen from, ties, zeros of
 * both signs, subnormal numbers, infinities, NaN.
 */
export const baseTopKCases: KernelWithCases = {
  kernel: topK,
  cases: [
    ...random,
    ...equal,
    ...placed,
    caseOf({ name: 'numbers that are none', vocabulary: 300, rows: 3, most: 4, k: 64, data: strange }),
    caseOf({ name: 'none wanted', vocabulary: 33, rows: 2, most: 2, k: 4, count: 0, data: randomArray(66, 1) }),
    caseOf({
      name: 'fewer wanted',
      vocabulary: 129,
      rows: 3,
      most: 5,
      k: 64,
      count: 3,
      data: randomArray(387, 2, 100),
    }),
    caseOf({ name: 'from a part', vocabulary: 200, rows: 2, most: 2, k: 9, among: 77, data: randomArray(400, 3, 100) }),
    caseOf({
      name: 'a large vocabulary',
      vocabulary: 32_001,
      rows: 2,
      most: 2,
      k: 40,
      data: randomArray(64_002, 4, 1e5),
    }),
  ],
};
