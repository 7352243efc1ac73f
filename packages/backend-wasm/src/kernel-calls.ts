/** What the descriptors of the kernels here share. */
import type { CallDescription, TensorType, Value, WasmWord } from '@yoco-u/spec';
import { elementCount, type RowParams, rowCount, width } from '@yoco-u/tensor';

/** Calls below this many floating-point operations are done before another thread would have heard of them. */
export const serialFlops = 131_072;
/** Constants of the exponential function. */
export const constantBytes = 64;
/** `assembly/linear-blocks.ts` has the same. */
export const linearScratchBytes = 128 + 64;
/**
 * 1 where products run faster in tiles of two rows by three panels than of four by one, which never changes a bit of the results.
 * Such a tile takes all registers: V8 before 13 loads a step's operands all at once and spills (36 GFLOP/s instead of 46, where
 * wide tiles reach 56). It is told from later ones, and from engines that nobody measured, by their 64-bit memories.
 */
export const wideTiles = WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 4, 0)) ? 1 : 0;
/** Outputs of a tile at an edge, 256 x 128 and 256 x 256 elements; `assembly/outer-product.ts` has the same. */
export const outerProductScratchBytes = 128 + 256 * (128 + 256) * 4;

export type Call<P extends object> = CallDescription<P>;

export const cell = (value: Value, type: 'i32' | 'f32' = 'i32'): WasmWord => ({ cell: value, type });
/** Rows of a run: all that there are, or as many as are said. */
export const rowCell = (said: Value | undefined, most: number): WasmWord => ({ cell: said ?? most, type: 'i32', most });
export const rows = (params: RowParams, type: TensorType): WasmWord => rowCell(params.rows, rowCount(type));
/** `weight`: floating-point operations that an element takes as long as; more than it has where they wait for each other. */
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
