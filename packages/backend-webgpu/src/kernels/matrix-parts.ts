/** Matrices in panels that are larger than a binding may be: parts of equally many rows, each bound alone. */
import type { TensorType, WebGpuBinding, WebGpuDevice, WebGpuElement } from '@yoco-u/spec';
import { byteLength, rowCount, width } from '@yoco-u/tensor';

export interface MatrixPart {
  /** Rows of the matrix: the first, and how many. */
  readonly first: number;
  readonly count: number;
  /** Binds them, as elements of a type. */
  binding(element: WebGpuElement): WebGpuBinding;
}

/** Rows that begin at a multiple of 256 bytes, whatever the width, at 2 bytes an element or more. */
const rowStep = 128;

/** One part, the whole, where it can be bound. `index`: the input that the matrix is. */
export function matrixParts(matrix: TensorType, index: number, { bindingBytes }: WebGpuDevice): readonly MatrixPart[] {
  const rows = rowCount(matrix);
  const { rowMultiple, blockBytes, blockLength } = matrix.format;
  if (byteLength(matrix) <= bindingBytes)
    return [{ first: 0, count: rows, binding: (element) => ({ input: index, element }) }];
  const rowBytes = width(matrix) * (blockBytes / blockLength);
  const bytes = Math.ceil(rows / rowMultiple) * rowMultiple * rowBytes;
  const most = Math.max(rowStep, Math.floor(bindingBytes / rowBytes / rowStep) * rowStep);
  const step = Math.ceil(rows / Math.ceil(rows / most) / rowStep) * rowStep;
  return Array.from({ length: Math.ceil(rows / step) }, (_, part) => {
    const first = part * step;
    const offset = first * rowBytes;
    const range = { offset, bytes: Math.min(step * rowBytes, bytes - offset) };
    return { first, count: Math.min(step, rows - first), binding: (element) => ({ input: index, element, range }) };
  });
}
