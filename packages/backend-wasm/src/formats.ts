/** Logical row-major elements to and from the storage formats of this backend. */
import { BackendError, type NumberArray, type StorageFormat, type TensorType } from '@yoco-u/spec';
import { describeType, f32, f32Panels8, i32, width } from '@yoco-u/tensor';
import type { LinearMemory } from './memory.ts';

const supported: readonly StorageFormat[] = [f32, i32, f32Panels8];

/** Throws `BackendError` for a format that no kernel here reads. */
export function checkFormat(type: TensorType): void {
  if (supported.some(({ name }) => name === type.format.name)) return;
  const expected = `a format of ${supported.map(({ name }) => name).join(', ')}`;
  throw new BackendError({ where: 'wasm backend', expected, got: describeType(type), fix: 'convert it when loading' });
}

/** Writes elements from `offset` on into the tensor at `address`. */
export function writeElements(
  memory: LinearMemory,
  address: number,
  type: TensorType,
  data: NumberArray,
  offset: number,
): void {
  const start = address >>> 2;
  const target = type.format.element === 'i32' ? memory.words : memory.floats;
  if (type.format.name !== f32Panels8.name) target.set(data, start + offset);
  else
    eachPanelRun(type, offset, data.length, (at, from, count) => {
      for (let i = 0; i < count; i++) target[start + at + i * 8] = data[from + i]!;
    });
}

/** Reads `into.length` elements from `offset` on. */
export function readElements(
  memory: LinearMemory,
  address: number,
  type: TensorType,
  into: NumberArray,
  offset: number,
): void {
  const start = address >>> 2;
  const source = type.format.element === 'i32' ? memory.words : memory.floats;
  if (type.format.name !== f32Panels8.name) into.set(source.subarray(start + offset, start + offset + into.length));
  else
    eachPanelRun(type, offset, into.length, (at, from, count) => {
      for (let i = 0; i < count; i++) into[from + i] = source[start + at + i * 8]!;
    });
}

/** Visits a range row by row: `at` is where its first element lies, the next ones follow 8 floats apart. */
function eachPanelRun(
  type: TensorType,
  offset: number,
  length: number,
  visit: (at: number, from: number, count: number) => void,
): void {
  const columns = width(type);
  for (let from = 0; from < length; ) {
    const row = Math.floor((offset + from) / columns);
    const column = offset + from - row * columns;
    const count = Math.min(columns - column, length - from);
    visit((Math.floor(row / 8) * columns + column) * 8 + (row % 8), from, count);
    from += count;
  }
}
