/** What the suites try: odd sizes, several sequences, memory that is not theirs. */
import type { KernelCase, KernelWithCases } from '@yoco-u/conformance';
import type { AttentionContext } from '@yoco-u/spec';
import { f32, i32, tensorType } from '@yoco-u/tensor';
import { alibi, alibiBackward, alibiPaged, alibiStore } from './kernels.ts';
import type { AlibiParams } from './params.ts';

/** Numbers in [−1, 1), the same every time. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

interface Size {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /** Rows and first position of each segment; the slot of the first is 2, then 1, then 0. */
  readonly segments: readonly (readonly [rows: number, start: number])[];
}

const sizes: readonly Size[] = [
  { heads: 1, keyValueHeads: 1, headDim: 1, segments: [[1, 0]] },
  { heads: 3, keyValueHeads: 1, headDim: 5, segments: [[7, 2]] },
  {
    heads: 6,
    keyValueHeads: 2,
    headDim: 8,
    segments: [
      [5, 0],
      [0, 3],
      [9, 6],
    ],
  },
  {
    heads: 2,
    keyValueHeads: 2,
    headDim: 13,
    segments: [
      [1, 14],
      [1, 0],
      [2, 5],
    ],
  },
];

const pageLength = 4;
const pagesPerSequence = 4;
const slots = 3;

function casesOf(
  size: Size,
  index: number,
): Readonly<Record<'run' | 'gradient' | 'store' | 'paged', KernelCase<AlibiParams>>> {
  const { heads, keyValueHeads, headDim } = size;
  const rows = size.segments.reduce((sum, [count]) => sum + count, 0);
  // what lies beyond the rows and the segments of a run is the suite's to fill
  const most = rows + index;
  let first = 0;
  const words = size.segments.flatMap(([count, start], segment) => {
    const entry = [first, count, slots - 1 - segment, start];
    first += count;
    return entry;
  });
  const input = (width: number, seed: number, constant = false) => ({
    type: tensorType(f32, most, width),
    data: numbers(rows * width, seed),
    constant,
  });
  const q = input(heads * headDim, 1);
  const k = input(keyValueHeads * headDim, 2);
  const v = input(keyValueHeads * headDim, 3);
  const segments = { type: tensorType(i32, size.segments.length + 2, 4), data: Int32Array.from(words), constant: true };
  const pages = slots * pagesPerSequence;
  // 5 has no divisor in common with 12: pages out of order
  const table = Int32Array.from({ length: pages }, (_, at) => (at * 5 + 2) % pages);
  const pageTable = { type: tensorType(i32, slots, pagesPerSequence), data: table, constant: true };
  const width = 2 * keyValueHeads * headDim;
  const poolType = tensorType(f32, pages, pageLength, width);
  const pool = { type: poolType, data: numbers(pages * pageLength * width, 4), constant: true };
  const shared = {
    name: `${heads} heads of ${headDim} over ${keyValueHeads}, segments of ${size.segments.map(([count]) => count).join(', ')}`,
    scalars: { rows: { type: 'i32', value: rows }, segmentCount: { type: 'i32', value: size.segments.length } },
    params: ({ rows: count, segmentCount }) => ({ rows: count!, segmentCount: segmentCount!, headDim, biasMax: 7 }),
  } satisfies Omit<KernelCase<AlibiParams>, 'inputs'>;
  return {
    run: { ...shared, inputs: [q, k, v, segments] },
    gradient: { ...shared, inputs: [q, k, v, segments, input(heads * headDim, 5)] },
    store: { ...shared, inputs: [k, v, segments, pageTable, pool] },
    paged: { ...shared, inputs: [{ ...q, constant: true }, segments, pageTable, pool] },
  };
}

const all = sizes.map(casesOf);

export const kernelCases: readonly KernelWithCases[] = [
  { kernel: alibi, cases: all.map(({ run }) => run) },
  { kernel: alibiBackward, cases: all.map(({ gradient }) => gradient) },
  { kernel: alibiStore, cases: all.map(({ store }) => store) },
  { kernel: alibiPaged, cases: all.map(({ paged }) => paged) },
];

const model = { hiddenSize: 10, heads: 6, keyValueHeads: 2, headDim: 6, normEps: 1e-5, qkNorm: true };

export const contexts: readonly AttentionContext[] = [
  { model, rope: false, stage: {}, where: '6 heads of 6 over 2' },
  {
    model: { ...model, hiddenSize: 9, heads: 3, keyValueHeads: 1, headDim: 5, qkNorm: false },
    rope: false,
    stage: { alibi_bias_max: 5 },
    where: '3 heads of 5 over 1, bias up to 5',
  },
];
