/** Odd-shaped cases for every base kernel. */
import type { Value } from '@yoco-u/spec';
import {
  accumulate,
  add,
  addRmsNorm,
  addRmsNormSwiglu,
  embedding,
  f32,
  fill,
  gatherRows,
  i32,
  linear,
  linearAdd,
  linearCrossEntropy,
  linearHeads,
  rmsNorm,
  rmsNormSwiglu,
  rotary,
  scale,
  swiglu,
  tensorType,
} from '@yoco-u/tensor';
import { baseGradientCases } from './base-gradient-cases.ts';
import { baseOptimizerCases } from './base-optimizer-cases.ts';
import { baseTopKCases } from './base-top-k-cases.ts';
import {
  allRows,
  integersInput,
  matrixInput,
  perSize,
  rowsInput,
  rowsScalar,
  type Size,
  sizes,
  twoOperands,
  vectorInput,
  widths,
} from './case-sizes.ts';
import type { AnyKernelCase, CaseInput, KernelWithCases } from './kernel-case.ts';
import { randomArray, randomIntegers } from './numbers.ts';

const linearCases = perSize(
  (size) => [rowsInput(size, size.width, size.seed), matrixInput(size.other, size.width, size.seed + 1)],
  undefined,
  ({ width, other }) => `${width} to ${other}`,
);

const linearAddCases = perSize(
  (size) => [
    rowsInput(size, size.width, size.seed),
    matrixInput(size.other, size.width, size.seed + 1),
    rowsInput(size, size.other, size.seed + 2),
  ],
  undefined,
  ({ width, other }) => `${width} to ${other}`,
);

const normCases = perSize(
  ({ width, ...size }) => [rowsInput({ ...size, width }, width, size.seed, 4), vectorInput(width, size.seed + 1)],
  () => ({ eps: 1e-5 }),
);

const groupedNormCases = perSize(
  ({ width, ...size }) => [rowsInput({ ...size, width }, 3 * width, size.seed), vectorInput(width, size.seed + 1)],
  ({ width }) => ({ eps: 1e-6, group: width }),
  ({ width }) => `3 groups of ${width}`,
);

const bareNormCases = perSize(
  (size) => [rowsInput(size, 2 * size.width, size.seed)],
  ({ width }) => ({ eps: 1e-6, group: width }),
  ({ width }) => `2 groups of ${width} without weight`,
).filter((_, index) => index % 5 === 0);

const zeroNorm: AnyKernelCase = {
  name: 'a row of zeros',
  inputs: [{ type: tensorType(f32, 2, 7), data: new Float32Array(14) }, vectorInput(7, 3)],
  params: () => ({ eps: 1e-3 }),
};

/** Rows of `half` cosines and as many sines. */
function rotationInput({ rows, most }: Size, half: number, seed: number): CaseInput {
  const data = new Float32Array(rows * 2 * half);
  randomArray(rows * half, seed, 3).forEach((angle, i) => {
    const at = Math.floor(i / half) * 2 * half + (i % half);
    data[at] = Math.cos(angle);
    data[at + half] = Math.sin(angle);
  });
  return { type: tensorType(f32, most, 2 * half), data, perRow: true, constant: true };
}

const rotaryCases = perSize(
  (size) => [
    rowsInput(size, 2 * size.width * (1 + (size.seed % 3)), size.seed),
    rotationInput(size, size.width, size.seed + 1),
  ],
  undefined,
  ({ width, seed }) => `${1 + (seed % 3)} heads of ${2 * width}`,
);

const embeddingCases = perSize(
  (size) => {
    const ids = randomIntegers(size.rows, size.seed, size.other);
    // out of range: reads row 0
    if (size.rows > 3) ids.set([-1, size.other, size.other - 1]);
    return [integersInput(size, ids), matrixInput(size.other, size.width, size.seed + 1)];
  },
  ({ seed }) => ({ scale: seed % 2 === 0 ? 1 : 5.65685 }),
  ({ width, other }) => `a table of ${other} x ${width}`,
);

const gatherCases = perSize(
  (size) => [
    { type: tensorType(f32, size.other, size.width), data: randomArray(size.other * size.width, size.seed) },
    integersInput(size, randomIntegers(size.rows, size.seed + 1, size.other)),
  ],
  undefined,
  ({ width, other }) => `from ${other} rows of ${width}`,
);

const crossEntropyCases = perSize(
  (size) => {
    const targets = randomIntegers(size.rows, size.seed + 2, size.other);
    if (size.rows > 1) targets[1] = -1;
    const x = rowsInput(size, size.width, size.seed, 2);
    return [x, matrixInput(size.other, size.width, size.seed + 1), integersInput(size, targets)];
  },
  undefined,
  ({ width, other }) => `${width} to ${other} classes`,
).map((given) => ({ ...given, magnitude: 10 }));

const steepCrossEntropy: AnyKernelCase = {
  name: 'logits of some thousands',
  inputs: [
    { type: tensorType(f32, 3, 33), data: randomArray(99, 5, 40) },
    { type: tensorType(f32, 301, 33), data: randomArray(301 * 33, 6, 40), matrix: true },
    { type: tensorType(i32, 3), data: Int32Array.of(0, 300, 17), constant: true },
  ],
  params: () => ({}),
};

const steepSwiglu: AnyKernelCase = {
  name: 'gates far from 0',
  inputs: [
    { type: tensorType(f32, 1, 9), data: Float32Array.of(-1e4, -104, -88, -20, -0, 20, 88, 104, 1e4) },
    { type: tensorType(f32, 1, 9), data: new Float32Array(9).fill(1) },
  ],
  params: () => ({}),
};

const scaleCases = sizes.map(
  (size): AnyKernelCase => ({
    name: `width ${size.width}, ${size.rows} of ${size.most} rows`,
    inputs: [rowsInput(size, size.width, size.seed)],
    scalars: { ...rowsScalar(size), factor: { type: 'f32', value: -0.75 } },
    params: ({ rows, factor }: Readonly<Record<string, Value>>) => ({ rows, factor }),
    rowwise: true,
  }),
);

const accumulateCases = widths.map(
  (width, index): AnyKernelCase => ({
    name: `${1 + 3 * index} rows of ${width}`,
    inputs: [1, 2].map((seed) => ({
      type: tensorType(f32, 1 + 3 * index, width),
      data: randomArray((1 + 3 * index) * width, seed),
    })),
    params: () => ({}),
  }),
);

const fillCases = [tensorType(f32, 1), tensorType(f32, 3, 43), tensorType(i32, 17), tensorType(f32, 2, 3, 5)].map(
  (type): AnyKernelCase => ({
    name: `${type.format.name} [${type.shape.join(', ')}]`,
    inputs: [],
    params: () => ({ type, value: -3 }),
  }),
);

const addCases = perSize(twoOperands);
const swigluCases = perSize(twoOperands);
const addNormCases = perSize(
  (size) => [...twoOperands(size), vectorInput(size.width, size.seed + 2)],
  () => ({ eps: 1e-5 }),
);

const gatedFeedForwardCases = perSize(
  (size) => [
    ...twoOperands(size),
    vectorInput(size.width, size.seed + 2),
    ...[3, 4].map((seed) => matrixInput(size.other, size.width, size.seed + seed)),
  ],
  () => ({ eps: 1e-5 }),
  ({ width, other }) => `${width} to ${other}`,
);

/** Queries, keys and values, as a model has them, of a few head widths: normed or not, rotated or not; and a narrow product. */
const headsCases = ([3, 6, 8, 20, 80] as const).flatMap((headDim, w) => {
  const products = [
    { heads: 3, norm: w % 2 === 0, rotate: headDim % 2 === 0 },
    { heads: 1, norm: w % 3 !== 1, rotate: headDim % 2 === 0 && w !== 1 },
    { heads: 2, norm: false, rotate: false },
    { heads: 5 / headDim, norm: false, rotate: false },
  ];
  return sizes
    .filter(({ width }, index) => width > 7 && index % 5 === w)
    .map(
      (size): AnyKernelCase => ({
        name: `heads of ${headDim} from ${size.width}, ${size.rows} of ${size.most} rows`,
        inputs: [
          rowsInput(size, size.width, size.seed),
          ...(w % 2 === 1 ? [vectorInput(size.width, size.seed + 12)] : []),
          ...(headDim % 2 === 0 ? [rotationInput(size, headDim / 2, size.seed + 1)] : []),
          ...products.flatMap(({ heads, norm }, index) => [
            matrixInput(heads * headDim, size.width, size.seed + 2 + index),
            ...(norm ? [vectorInput(headDim, size.seed + 8 + index)] : []),
          ]),
        ],
        scalars: rowsScalar(size),
        params: ({ rows }) => ({
          rows,
          headDim,
          eps: 1e-6,
          normInput: w % 2 === 1,
          products: products.map(({ norm, rotate }) => ({ norm, rotate })),
        }),
        rowwise: true,
      }),
    );
});

const gatedNormCases = perSize(
  (size) => [0, 1].map((seed) => rowsInput(size, 3 * size.width, size.seed + seed, 3)),
  ({ width }) => ({ eps: 1e-6, group: width }),
  ({ width }) => `3 groups of ${width}`,
);

/**
 * Cases for every base kernel: widths 1 to 129, 0 to 17 rows, more room than rows, ids out of range, masked targets, extreme
 * values. For `describeKernel`, one call an entry.
 */
export const baseKernelCases: readonly KernelWithCases[] = [
  { kernel: accumulate, cases: accumulateCases },
  { kernel: add, cases: [...addCases, ...allRows(addCases)] },
  { kernel: addRmsNorm, cases: [...addNormCases, ...allRows(addNormCases)] },
  { kernel: addRmsNormSwiglu, cases: gatedFeedForwardCases },
  { kernel: embedding, cases: embeddingCases },
  { kernel: fill, cases: fillCases },
  { kernel: gatherRows, cases: gatherCases },
  { kernel: linear, cases: linearCases },
  { kernel: linearAdd, cases: linearAddCases },
  { kernel: linearHeads, cases: headsCases },
  { kernel: linearCrossEntropy, cases: [...crossEntropyCases, steepCrossEntropy] },
  { kernel: rmsNorm, cases: [...normCases, ...groupedNormCases, ...bareNormCases, zeroNorm] },
  { kernel: rmsNormSwiglu, cases: gatedNormCases },
  { kernel: rotary, cases: rotaryCases },
  { kernel: scale, cases: scaleCases },
  { kernel: swiglu, cases: [...swigluCases, steepSwiglu, ...allRows(swigluCases)] },
  ...baseGradientCases,
  ...baseOptimizerCases,
  baseTopKCases,
];
