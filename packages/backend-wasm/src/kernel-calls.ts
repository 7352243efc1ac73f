/** What the descriptors of the kernels here share. */
import type { CallDescription, TensorType, Value, WasmWord } from '@yoco-u/spec';
import { elementCount, type RowParams, rowsOf, width } from '@yoco-u/tensor';

/** Calls below this many floating-point operations are done before another thread would have heard of them. */
export const serialFlops = 131_072;
/** Constants of the exponential function. */
export const constantBytes = 64;
/** `assembly/linear-blocks.ts` has the same. */
export const linearScratchBytes = 128 + 32 * 512 * 4;
/** Outputs of a tile at an edge, 256 x 128 and 256 x 256 elements; `assembly/outer-product.ts` has the same. */
export const outerProductScratchBytes = 128 + 256 * (128 + 256) * 4;

export type Call<P extends object> = CallDescription<P>;

export const cell = (value: Value, type: 'i32' | 'f32' = 'i32'): WasmWord => ({ cell: value, type });
export const rows = (params: RowParams, type: TensorType): WasmWord => cell(rowsOf(params, type));
export const elementwise = (weight: number) => (call: Call<object>) =>
  weight * elementCount(call.inputs[0]!) < serialFlops;
export const input = <P extends object>(call: Call<P>, index: number): TensorType => call.inputs[index]!;
/** Rows or columns of a matrix packed into panels of eight. */
export const panelColumns = (count: number): number => Math.ceil(count / 8) * 8;

/** Row-major inputs, but for the input at `index`, which is stored as `format`. */
export const stored =
  (index: number, format: string) =>
  ({ inputs }: Call<object>): true | string => {
    const wrong = inputs.find(({ format: { name, element } }, at) => name !== (at === index ? format : element));
    return wrong === undefined || `input ${inputs.indexOf(wrong)} stored as ${wrong.format.name}`;
  };
export const rowMajor = stored(-1, '');

/** So many inputs, row-major. */
export const inputCount =
  (count: number) =>
  (call: Call<object>): true | string =>
    call.inputs.length === count ? rowMajor(call) : `${call.inputs.length} inputs`;

export const encodeRows = (call: Call<RowParams>): readonly WasmWord[] => [
  rows(call.params, input(call, 0)),
  width(input(call, 0)),
];
