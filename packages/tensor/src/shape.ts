/**
 * Shapes and storage formats.
 *
 * The shape legend of the whole project: `B` batch · `T` query tokens · `S` stored tokens · `H` query heads ·
 * `G` key/value heads · `D` head width · `C` model width · `F` hidden width · `V` vocabulary · `W` window · `L` layers ·
 * `R` iterations.
 */
import { ShapeError, type StorageFormat, type TensorType } from '@yoco-u/spec';

/** Row-major float32. */
export const f32: StorageFormat = { name: 'f32', element: 'f32', blockLength: 1, blockBytes: 4, rowMultiple: 1 };

/** Row-major int32. */
export const i32: StorageFormat = { name: 'i32', element: 'i32', blockLength: 1, blockBytes: 4, rowMultiple: 1 };

/**
 * Float32 [out, in] in panels of 8 rows: element (o, i) lies at ((o >> 3)·in + i)·8 + (o & 7), with rows of zeros up to a
 * multiple of 8. Matrix-matrix, matrix-vector and row gather all read it.
 */
export const f32Panels8: StorageFormat = {
  name: 'f32_panels8',
  element: 'f32',
  blockLength: 1,
  blockBytes: 4,
  rowMultiple: 8,
};

/** As `f32Panels8`, in float16, so that a row of an odd width takes two bytes more than its elements in all. */
export const f16Panels8: StorageFormat = {
  name: 'f16_panels8',
  element: 'f32',
  blockLength: 2,
  blockBytes: 4,
  rowMultiple: 8,
};

/** A tensor type; checks that every size is an integer > 0. */
export function tensorType(format: StorageFormat, ...shape: number[]): TensorType {
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size <= 0) {
      throw new ShapeError({ where: 'tensorType', expected: 'integer sizes > 0', got: `[${shape.join(', ')}]` });
    }
  }
  return { shape, format };
}

/** Logical elements. */
export function elementCount(type: TensorType): number {
  let count = 1;
  for (let axis = 0; axis < type.shape.length; axis++) count *= type.shape[axis]!;
  return count;
}

/** Size of the last axis. */
export function width(type: TensorType): number {
  return type.shape[type.shape.length - 1] ?? 1;
}

/** Product of all axes but the last. */
export function rowCount(type: TensorType): number {
  return elementCount(type) / width(type);
}

/** Bytes in storage, the format's padding included. */
export function byteLength(type: TensorType): number {
  const { blockBytes, blockLength, rowMultiple } = type.format;
  const rows = Math.ceil(rowCount(type) / rowMultiple) * rowMultiple;
  return rows * Math.ceil(width(type) / blockLength) * blockBytes;
}

export function sameType(a: TensorType, b: TensorType): boolean {
  return a.format.name === b.format.name && sameShape(a, b);
}

export function sameShape(a: TensorType, b: TensorType): boolean {
  return a.shape.length === b.shape.length && a.shape.every((size, axis) => size === b.shape[axis]);
}

/** For messages: `f32 [8, 256]`. */
export function describeType(type: TensorType): string {
  return `${type.format.name} [${type.shape.join(', ')}]`;
}
