/** Element types of stored tensors. All values are little-endian, as typed arrays are on every platform with WebAssembly. */

/** Bytes an element, and what reading gives: floats become float32, integers int32. */
export const dataTypes = {
  F64: { bytes: 8, kind: 'float' },
  F32: { bytes: 4, kind: 'float' },
  F16: { bytes: 2, kind: 'float' },
  BF16: { bytes: 2, kind: 'float' },
  I64: { bytes: 8, kind: 'integer' },
  I32: { bytes: 4, kind: 'integer' },
  U8: { bytes: 1, kind: 'integer' },
} as const satisfies Readonly<Record<string, { readonly bytes: number; readonly kind: 'float' | 'integer' }>>;

export type DataType = keyof typeof dataTypes;

/** What tensors are read as and written from. */
export type TensorValues = Float32Array | Int32Array;

export function isDataType(value: unknown): value is DataType {
  return typeof value === 'string' && Object.hasOwn(dataTypes, value);
}

/** How many elements a shape has; 1 for a scalar. NaN if any size or the product is not an integer of 0 to 2^53 - 1. */
export function elementsOf(shape: readonly number[]): number {
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (!Number.isSafeInteger(size) || size < 0 || !Number.isSafeInteger(elements)) return Number.NaN;
  }
  return elements;
}
