/** Odd-shaped cases for the gradients of base kernels, where they are base kernels themselves. */
import {
  addRmsNormBackward,
  embeddingAccumulate,
  embeddingBackward,
  f32,
  gatherRowsBackward,
  linearCrossEntropy,
  linearCrossEntropyAccumulate,
  linearCrossEntropyBackward,
  linearInputBackward,
  linearWeightAccumulate,
  linearWeightBackward,
  meanLoss,
  meanLossBackward,
  rmsNormBackward,
  rotaryBackward,
  swigluBackward,
  tensorType,
} from '@yoco-u/tensor';
import { integersInput, perSize, rowsInput, type Size, vectorInput } from './case-sizes.ts';
import { type AnyKernelCase, type CaseInput, evaluate, type KernelWithCases } from './kernel-case.ts';
import { randomArray, randomIntegers } from './numbers.ts';

/** A matrix that a program writes: row-major on every device. */
function plainMatrix(outer: number, inner: number, seed: number): CaseInput {
  return { type: tensorType(f32, outer, inner), data: randomArray(outer * inner, seed) };
}

/** One number a row. */
function numbersInput({ rows, most }: Size, data: Float32Array): CaseInput {
  return { type: tensorType(f32, most), data: data.subarray(0, rows), perRow: true };
}

/** Sums over rows: a row has no result of its own. */
function summed(cases: readonly AnyKernelCase[]): AnyKernelCase[] {
  return cases.map((given) => ({ ...given, rowwise: false }));
}

const linearName = ({ width, other }: Size): string => `${width} to ${other}`;

const outputGradient = (size: Size): CaseInput => rowsInput(size, size.other, size.seed);

function idsInput(size: Size): CaseInput {
  const ids = randomIntegers(size.rows, size.seed, size.other);
  // out of range counts as 0; the same id twice
  if (size.rows > 3) ids.set([-1, size.other, size.other - 1, size.other - 1]);
  return integersInput(size, ids);
}

const embeddingScale = ({ seed }: Size): number => (seed % 2 === 0 ? 1 : 5.65685);

function targetsInput(size: Size): CaseInput {
  const targets = randomIntegers(size.rows, size.seed + 2, size.other);
  if (size.rows > 1) targets[1] = -1;
  return integersInput(size, targets);
}

function crossEntropyInputs(size: Size): CaseInput[] {
  const x = rowsInput(size, size.width, size.seed, 2);
  const weight = plainMatrix(size.other, size.width, size.seed + 1);
  const targets = targetsInput(size);
  const inputs = [x, weight, targets];
  const types = [tensorType(f32, Math.max(1, size.rows), size.width), weight.type, targets.type];
  const losses = new Float32Array(size.rows);
  if (size.rows > 0) {
    const { outputs } = evaluate(
      linearCrossEntropy,
      [types[0]!, types[1]!, { ...targets.type, shape: [size.rows] }],
      inputs.map(({ data }) => Float64Array.from(data)),
      {},
    );
    losses.set(outputs[0]!);
  }
  return [...inputs, numbersInput(size, losses), numbersInput(size, randomArray(size.rows, size.seed + 3))];
}

const crossEntropyName = ({ width, other }: Size): string => `${width} to ${other} classes`;

function rotation(size: Size): CaseInput {
  const angles = randomArray(size.rows * size.width, size.seed + 1, 3);
  const table = new Float32Array(2 * angles.length);
  angles.forEach((angle, i) => {
    const at = 2 * (i - (i % size.width)) + (i % size.width);
    table[at] = Math.cos(angle);
    table[at + size.width] = Math.sin(angle);
  });
  return { type: tensorType(f32, size.most, 2 * size.width), data: table, perRow: true, constant: true };
}

const threeOperands = (size: Size): CaseInput[] =>
  [0, 1, 2].map((place) => rowsInput(size, size.width, size.seed + place, 3));

// a norm of one element is nearly its sign: with a small eps its gradient is all cancellation
const normEps = () => ({ eps: 0.1 });

const weightedNorms = perSize(
  (size) => [
    rowsInput(size, 2 * size.width, size.seed),
    rowsInput(size, 2 * size.width, size.seed + 1),
    vectorInput(size.width, size.seed + 2),
  ],
  ({ width }) => ({ eps: 0.1, group: width }),
  ({ width }) => `2 groups of ${width}`,
);

const bareNorms = perSize(
  (size) => threeOperands(size).slice(0, 2),
  normEps,
  ({ width }) => `width ${width}, no weight`,
);

const sharedNorms = (gradients: number): AnyKernelCase[] =>
  perSize(
    (size) => {
      const [sum, ofNormed, ofSum] = threeOperands(size);
      return [sum!, vectorInput(size.width, size.seed + 3), ofNormed!, ofSum!].slice(0, 2 + gradients);
    },
    normEps,
    ({ width }) => `width ${width}, ${gradients} gradients`,
  );

/** For `baseKernelCases`. */
export const baseGradientCases: readonly KernelWithCases[] = [
  { kernel: addRmsNormBackward, cases: summed([...sharedNorms(1), ...sharedNorms(2)]) },
  {
    kernel: embeddingAccumulate,
    cases: summed(
      perSize(
        (size) => [
          idsInput(size),
          rowsInput(size, size.width, size.seed),
          plainMatrix(size.other, size.width, size.seed + 1),
        ],
        (size) => ({ scale: embeddingScale(size) }),
      ),
    ),
  },
  {
    kernel: embeddingBackward,
    cases: summed(
      perSize(
        (size) => [idsInput(size), rowsInput(size, size.width, size.seed)],
        (size) => ({ scale: embeddingScale(size), tableRows: size.other }),
      ),
    ),
  },
  {
    kernel: gatherRowsBackward,
    cases: summed(
      perSize(
        (size) => [
          rowsInput(size, size.width, size.seed),
          integersInput(size, randomIntegers(size.rows, size.seed, size.other)),
        ],
        ({ other }) => ({ sourceRows: other }),
      ),
    ),
  },
  {
    kernel: linearInputBackward,
    cases: perSize(
      (size) => [outputGradient(size), plainMatrix(size.other, size.width, size.seed + 1)],
      undefined,
      linearName,
    ),
  },
  {
    kernel: linearWeightBackward,
    cases: summed(
      perSize((size) => [outputGradient(size), rowsInput(size, size.width, size.seed + 1)], undefined, linearName),
    ),
  },
  {
    kernel: linearWeightAccumulate,
    cases: summed(
      perSize(
        (size) => [
          outputGradient(size),
          rowsInput(size, size.width, size.seed + 1),
          plainMatrix(size.other, size.width, size.seed + 2),
        ],
        undefined,
        linearName,
      ),
    ),
  },
  { kernel: linearCrossEntropyBackward, cases: summed(perSize(crossEntropyInputs, undefined, crossEntropyName)) },
  {
    kernel: linearCrossEntropyAccumulate,
    cases: summed(
      perSize(
        (size) => [...crossEntropyInputs(size), plainMatrix(size.other, size.width, size.seed + 4)],
        undefined,
        crossEntropyName,
      ),
    ),
  },
  {
    kernel: meanLoss,
    cases: summed(
      perSize(
        (size) => [numbersInput(size, randomArray(size.rows, size.seed, 5)), targetsInput(size)],
        undefined,
        ({ other }) => `${other} classes`,
      ),
    ),
  },
  {
    kernel: meanLossBackward,
    cases: summed(
      perSize(
        (size) => [targetsInput(size), { type: tensorType(f32, 1), data: Float32Array.of(0.7) }],
        undefined,
        ({ other }) => `${other} classes`,
      ),
    ),
  },
  { kernel: rmsNormBackward, cases: [...summed(weightedNorms), ...bareNorms] },
  {
    kernel: rotaryBackward,
    cases: perSize(
      (size) => [rowsInput(size, 4 * size.width, size.seed), rotation(size)],
      undefined,
      ({ width }) => `2 heads of ${2 * width}`,
    ),
  },
  { kernel: swigluBackward, cases: perSize(threeOperands) },
];
