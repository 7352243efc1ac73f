/** Cases of a kernel, and their evaluation by the kernel's own definition. */
import type { AnyKernel, NumberArray, Params, TensorType, Value } from '@yoco-u/spec';
import { elementCount } from '@yoco-u/tensor';
import { hostArray, randomArray } from './numbers.ts';

export interface CaseInput {
  /** At its maximal extents. */
  readonly type: TensorType;
  /**
   * The elements in use, from the first on; updated states come whole. What lies beyond is filled by the suite, with
   * ordinary numbers and with NaN, and must not matter.
   */
  readonly data: NumberArray;
  /** One entry of the first axis a row of the run. Where rows stand alone, see `KernelCase.rowwise`. */
  readonly perRow?: boolean;
  /** Read in the backend's own `matrixFormat` too. */
  readonly matrix?: boolean;
  /** Has no gradient: ids, tables, targets. */
  readonly constant?: boolean;
}

export interface CaseScalar {
  readonly type: 'i32' | 'f32';
  readonly value: number;
}

export interface KernelCase<P extends Params = Params> {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  /** Values that may change from run to run, by name: tried as scalars and as constants. */
  readonly scalars?: Readonly<Record<string, CaseScalar>>;
  /** The params, given the values of `scalars` by name. */
  params(values: Readonly<Record<string, Value>>): P;
  /**
   * Every row stands alone: with a scalar `rows`, inputs `perRow` and outputs of one entry of the first axis a row, a row's
   * bits must not depend on how many other rows there are.
   */
  readonly rowwise?: boolean;
  /** Magnitude that rounding is relative to, where outputs are much smaller than what they are made of. */
  readonly magnitude?: number;
}

// biome-ignore lint/suspicious/noExplicitAny: params are an open set; a list of cases cannot name them
export type AnyKernelCase = KernelCase<any>;

export interface KernelWithCases {
  readonly kernel: AnyKernel;
  readonly cases: readonly AnyKernelCase[];
}

/** What elements beyond those in use hold. */
export type Filling = 'numbers' | 'poison';

/** What outputs hold before a call: two, so that a result that happens to equal one is not taken for untouched. */
export const sentinels = [12345.5, -54321.25] as const;

/** Values of all scalars by name. */
export function scalarNumbers({ scalars = {} }: AnyKernelCase): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(scalars).map(([name, { value }]) => [name, value]));
}

/** The case's inputs in full, ordinary numbers (0 for integers) or poison beyond the elements in use. */
export function fillInputs({ inputs }: AnyKernelCase, filling: Filling, precision: 32 | 64): NumberArray[] {
  return inputs.map(({ type, data }, index) => {
    const array = hostArray(type, precision);
    if (data.length === array.length) {
      array.set(data);
      return array;
    }
    if (filling === 'poison') array.fill(type.format.element === 'i32' ? 0x7fff_fff0 : Number.NaN);
    else if (type.format.element === 'f32') array.set(randomArray(array.length, 77 + index));
    array.set(data);
    return array;
  });
}

export function sentinelArray(type: TensorType, sentinel: number, precision: 32 | 64): NumberArray {
  return hostArray(type, precision).fill(sentinel);
}

export interface Evaluation {
  readonly outputs: readonly NumberArray[];
  /** The inputs after the call. */
  readonly inputs: readonly NumberArray[];
}

/** Runs the kernel's definition on host arrays. `inputs` are not changed. */
export function evaluate(
  kernel: AnyKernel,
  types: readonly TensorType[],
  inputs: readonly NumberArray[],
  params: Params,
  { sentinel = sentinels[0] as number, precision = 64 as 32 | 64 } = {},
): Evaluation {
  const outputTypes = kernel.infer(types, params);
  const own = inputs.map((array) => array.slice());
  const outputs = outputTypes.map((type) => sentinelArray(type, sentinel, precision));
  kernel.reference({
    inputs: own,
    outputs,
    inputTypes: types,
    outputTypes,
    params,
    // only constants come here: cases are evaluated with numbers in place of scalars
    value: (value) => value as number,
  });
  return { outputs, inputs: own };
}

export interface Expectation extends Evaluation {
  /** For every output, which elements the definition writes. */
  readonly written: readonly (readonly boolean[])[];
}

/** What the definition says of a case, in float64. */
export function expectationOf(kernel: AnyKernel, given: AnyKernelCase, filling: Filling = 'numbers'): Expectation {
  const types = given.inputs.map(({ type }) => type);
  const params = given.params(scalarNumbers(given));
  const inputs = fillInputs(given, filling, 64);
  const [first, second] = sentinels.map((sentinel) => evaluate(kernel, types, inputs, params, { sentinel }));
  const written = first!.outputs.map((array, index) => {
    const other = second!.outputs[index]!;
    const [before, beforeOther] = sentinels.map((sentinel) => array.slice(0, 1).fill(sentinel)[0]!);
    return Array.from(array, (value, i) => value !== before || other[i] !== beforeOther);
  });
  return { ...first!, written };
}

/** The first `count` rows of a rowwise case, in tensors of exactly as many rows, from row `from` on. */
export function takeRows(given: AnyKernelCase, from: number, count: number): AnyKernelCase {
  return {
    ...given,
    name: `${given.name}, rows ${from} to ${from + count - 1} alone`,
    inputs: given.inputs.map((input) => {
      if (input.perRow !== true) return input;
      const [rows, ...entry] = input.type.shape;
      const unit = elementCount(input.type) / rows!;
      return {
        ...input,
        type: { ...input.type, shape: [count, ...entry] },
        data: input.data.slice(from * unit, (from + count) * unit),
      };
    }),
    scalars: { ...given.scalars, rows: { type: 'i32', value: count } },
  };
}
