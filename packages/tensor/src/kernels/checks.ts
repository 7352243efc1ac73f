/** Checks that base kernels share. Messages name the kernel, both shapes and the fix. */
import { ShapeError, type TensorType, type Value } from '@yoco-u/spec';
import { describeType, elementCount, rowCount, sameShape } from '../shape.ts';

/** Params of kernels that work row by row: how many rows there are in this run; absent, all of them. */
export interface RowParams {
  readonly rows?: Value;
}

export function expectInputs(where: string, inputs: readonly TensorType[], ...counts: number[]): void {
  if (counts.includes(inputs.length)) return;
  throw new ShapeError({ where, expected: `${counts.join(' or ')} inputs`, got: `${inputs.length}` });
}

export function expectElement(where: string, what: string, type: TensorType, element: 'f32' | 'i32'): void {
  if (type.format.element === element) return;
  throw new ShapeError({ where, expected: `${what} of ${element} elements`, got: describeType(type) });
}

/** So many f32 numbers. */
export function expectVector(where: string, what: string, type: TensorType, size: number): void {
  if (type.format.element === 'f32' && elementCount(type) === size) return;
  throw new ShapeError({ where, expected: `${what} f32 [${size}]`, got: describeType(type) });
}

/** Of one shape and element. */
export function expectSameShape(where: string, what: string, a: TensorType, b: TensorType): void {
  if (sameShape(a, b) && a.format.element === b.format.element) return;
  throw new ShapeError({ where, expected: `${what} of one shape`, got: `${describeType(a)} and ${describeType(b)}` });
}

export function expectRows(where: string, what: string, type: TensorType, expected: number): void {
  if (rowCount(type) === expected) return;
  throw new ShapeError({ where, expected: `${what} of ${expected} rows`, got: describeType(type) });
}

/** A single f32 number. */
export function expectOneElement(where: string, what: string, type: TensorType): void {
  expectElement(where, what, type, 'f32');
  if (elementCount(type) === 1) return;
  throw new ShapeError({ where, expected: `a ${what} of one element`, got: describeType(type) });
}

/** Checks the state that a gradient of type `expected` is added to. */
export function expectSum(where: string, sum: TensorType, expected: TensorType): void {
  expectElement(where, 'sum', sum, 'f32');
  if (sameShape(sum, expected)) return;
  throw new ShapeError({ where, expected: `a sum ${describeType(expected)}`, got: describeType(sum) });
}

/** The extent of a run: the dynamic row count, or all rows of the type. */
export function rowsOf(params: RowParams, type: TensorType): Value {
  return params.rows ?? rowCount(type);
}
