/** Cases for optimizer steps and for what surrounds them. */
import type { Value } from '@yoco-u/spec';
import {
  adamwUpdate,
  clipScale,
  f32,
  fillState,
  gram,
  muonDirection,
  muonUpdate,
  newtonSchulz,
  normalize,
  sgdUpdate,
  squareSum,
  tensorType,
  transpose,
} from '@yoco-u/tensor';
import { widths } from './case-sizes.ts';
import type { AnyKernelCase, CaseInput, CaseScalar, KernelWithCases } from './kernel-case.ts';
import { randomArray } from './numbers.ts';

type Values = Readonly<Record<string, Value>>;

const shapes = widths.map((width, index) => [1 + 5 * (index % 3), width]);
/** Shapes that Muon sees: rows, columns, wide and tall. */
const matrices = [...shapes, [7, 1], [33, 1], [31, 8], [129, 33]];

function tensorInput(
  shape: readonly number[],
  seed: number,
  of: (value: number) => number = (value) => value,
): CaseInput {
  const length = shape.reduce((product, size) => product * size, 1);
  return { type: tensorType(f32, ...shape), data: randomArray(length, seed).map(of) };
}

const oneNumber = (value: number): CaseInput => ({ type: tensorType(f32, 1), data: Float32Array.of(value) });

const scalarsOf = (values: Readonly<Record<string, number>>): Readonly<Record<string, CaseScalar>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { type: 'f32', value }]));

/** Every value as a scalar, with and without the optional last input. */
function steps(
  inputsOf: (shape: readonly number[]) => readonly CaseInput[],
  values: Readonly<Record<string, number>>,
  last: CaseInput,
  of: readonly (readonly number[])[] = shapes,
): AnyKernelCase[] {
  return of.flatMap((shape) =>
    [[], [last]].map((optional) => ({
      name: `[${shape.join(', ')}]${optional.length > 0 ? ', with a factor' : ''}`,
      inputs: [...inputsOf(shape), ...optional],
      scalars: scalarsOf(values),
      params: (given: Values) => given,
    })),
  );
}

const adamw = {
  ...{ learningRate: 0.0625, weightDecay: 0.125, gradientScale: 0.5 },
  ...{ beta1: 0.875, beta2: 0.9375, eps: 1e-6, meanCorrection: 0.5, varianceCorrection: 0.25 },
};

/** For `baseKernelCases`. */
export const baseOptimizerCases: readonly KernelWithCases[] = [
  {
    kernel: adamwUpdate,
    cases: steps(
      (shape) => [tensorInput(shape, 1), tensorInput(shape, 2), tensorInput(shape, 3, Math.abs), tensorInput(shape, 4)],
      adamw,
      oneNumber(0.75),
    ),
  },
  {
    kernel: sgdUpdate,
    cases: steps(
      (shape) => [tensorInput(shape, 1), tensorInput(shape, 2), tensorInput(shape, 3)],
      { learningRate: 0.0625, weightDecay: 0.125, gradientScale: 2, momentum: 0.875 },
      oneNumber(0.75),
    ),
  },
  ...[gram, transpose].map((kernel) => ({
    kernel,
    cases: [...matrices, [17, 31], [64, 40], [50, 300]].map((shape) => ({
      name: `[${shape.join(', ')}]`,
      inputs: [tensorInput(shape, 1)],
      params: () => ({}),
    })),
  })),
  {
    kernel: muonDirection,
    cases: steps(
      (shape) => [tensorInput(shape, 1), tensorInput(shape, 2)],
      { momentum: 0.9375, gradientScale: 2 },
      oneNumber(0.75),
      matrices,
    ),
  },
  {
    kernel: muonUpdate,
    cases: matrices.map((shape) => ({
      name: `[${shape.join(', ')}]`,
      inputs: [tensorInput(shape, 1), tensorInput(shape, 2)],
      scalars: scalarsOf({ learningRate: 0.0625, weightDecay: 0.125, factor: 0.5 }),
      params: (given: Values) => given,
    })),
  },
  {
    kernel: newtonSchulz,
    cases: widths.map((width) => ({
      name: `[${width}, ${width}]`,
      inputs: [tensorInput([width, width], 1), tensorInput([width, width], 2)],
      params: () => ({ coefficients: [3.5, -4.75, 2] }),
    })),
  },
  {
    kernel: normalize,
    cases: [
      ...matrices.map((shape) => ({
        name: `[${shape.join(', ')}]`,
        inputs: [tensorInput(shape, 1), oneNumber(6.25)],
        params: () => ({}),
      })),
      {
        name: 'zeros',
        inputs: [tensorInput([5, 7], 1, () => 0), oneNumber(0)],
        params: () => ({}),
      },
    ],
  },
  {
    kernel: fillState,
    cases: shapes.map((shape) => ({
      name: `[${shape.join(', ')}]`,
      inputs: [tensorInput(shape, 1)],
      scalars: scalarsOf({ value: -0.5 }),
      params: ({ value }: Values) => ({ value }),
    })),
  },
  {
    kernel: squareSum,
    cases: [...shapes, [7, 1021]].flatMap((shape) =>
      [[], [oneNumber(3)]].map((before) => ({
        name: `[${shape.join(', ')}]${before.length > 0 ? ', added to one before' : ''}`,
        inputs: [tensorInput(shape, 1), ...before],
        params: () => ({}),
      })),
    ),
  },
  {
    kernel: clipScale,
    cases: [0, 0.25, 9, 1e6].map((squares) => ({
      name: `a sum of squares of ${squares}`,
      inputs: [oneNumber(squares)],
      scalars: scalarsOf({ max: 1, gradientScale: 0.5 }),
      params: ({ max, gradientScale }: Values) => ({ max, gradientScale }),
    })),
  },
];
