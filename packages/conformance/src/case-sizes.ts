/** The odd sizes that base kernels are tried at, and the inputs that cases are made of. */
import type { NumberArray, Value } from '@yoco-u/spec';
import { f32, i32, tensorType } from '@yoco-u/tensor';
import type { AnyKernelCase, CaseInput, CaseScalar } from './kernel-case.ts';
import { randomArray } from './numbers.ts';

export const widths = [1, 7, 8, 31, 33, 129] as const;
const rowCounts = [0, 1, 2, 3, 4, 5, 17] as const;

export interface Size {
  /** In use. */
  readonly rows: number;
  /** At most: more than in use, but for every third case. */
  readonly most: number;
  readonly width: number;
  /** Another of the widths. */
  readonly other: number;
  readonly seed: number;
}

export const sizes: readonly Size[] = widths.flatMap((width, w) =>
  rowCounts.map((rows, r) => {
    const most = Math.max(1, (w + r) % 3 === 0 ? rows : rows + 1 + (r % 3));
    return { rows, most, width, other: widths[(w + r + 1) % widths.length]!, seed: 100 * w + r };
  }),
);

export const rowsScalar = ({ rows }: Size): Readonly<Record<string, CaseScalar>> => ({
  rows: { type: 'i32', value: rows },
});

/** f32 [most, width]. */
export function rowsInput({ rows, most }: Size, width: number, seed: number, factor = 1): CaseInput {
  return { type: tensorType(f32, most, width), data: randomArray(rows * width, seed, factor), perRow: true };
}

/** i32 [most]. */
export function integersInput({ most }: Size, data: NumberArray): CaseInput {
  return { type: tensorType(i32, most), data, perRow: true, constant: true };
}

export function matrixInput(outer: number, inner: number, seed: number): CaseInput {
  return { type: tensorType(f32, outer, inner), data: randomArray(outer * inner, seed), matrix: true };
}

export function vectorInput(width: number, seed: number): CaseInput {
  return { type: tensorType(f32, width), data: randomArray(width, seed) };
}

/** A rowwise case a size. */
export function perSize(
  inputsOf: (size: Size) => readonly CaseInput[],
  paramsOf: (size: Size) => object = () => ({}),
  nameOf: (size: Size) => string = ({ width }) => `width ${width}`,
): AnyKernelCase[] {
  return sizes.map((size) => ({
    name: `${nameOf(size)}, ${size.rows} of ${size.most} rows`,
    inputs: inputsOf(size),
    scalars: rowsScalar(size),
    params: ({ rows }: Readonly<Record<string, Value>>) => ({ rows, ...paramsOf(size) }),
    rowwise: true,
  }));
}

export const twoOperands = (size: Size): CaseInput[] => [
  rowsInput(size, size.width, size.seed, 3),
  rowsInput(size, size.width, size.seed + 1, 3),
];

/** Without `rows`: all rows count. */
export function allRows(given: readonly AnyKernelCase[]): AnyKernelCase[] {
  const whole = given.find(({ name }) => name.includes('width 33') && name.includes('5 of 5'));
  if (whole === undefined) return [];
  return [{ ...whole, name: 'all rows, no extent given', scalars: {}, rowwise: false }];
}
