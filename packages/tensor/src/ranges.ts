/** Checks that every backend makes when buffers are written, read and copied. */
import { ShapeError, type TensorType } from '@yoco-u/spec';
import { describeType, elementCount, sameType } from './shape.ts';

/** Throws `ShapeError` unless logical elements [offset, offset + length) exist. */
export function checkRange(where: string, type: TensorType, offset: number, length: number): void {
  if (Number.isInteger(offset) && offset >= 0 && length >= 0 && offset + length <= elementCount(type)) return;
  const got = `elements ${offset} to ${offset + length}`;
  throw new ShapeError({ where, expected: `a range within ${describeType(type)}`, got });
}

/**
 * Checks a copy of `count` entries of the first axis; the type of one of them, [1, …]. Throws `ShapeError` unless they exist on both
 * sides, are alike in shape and format, and lie apart in memory.
 */
export function checkCopy(
  from: TensorType,
  fromIndex: number,
  to: TensorType,
  toIndex: number,
  count: number,
): TensorType {
  const entryOf = (type: TensorType): TensorType => ({ ...type, shape: [1, ...type.shape.slice(1)] });
  const entry = entryOf(from);
  if (!sameType(entry, entryOf(to))) {
    const got = `${describeType(from)} and ${describeType(to)}`;
    throw new ShapeError({ where: 'copy', expected: 'equal entries of the first axis', got });
  }
  if (from.format.rowMultiple !== 1) {
    const expected = 'a format in which entries lie apart';
    throw new ShapeError({ where: 'copy', expected, got: describeType(from) });
  }
  const size = elementCount(entry);
  checkRange('copy', from, fromIndex * size, count * size);
  checkRange('copy', to, toIndex * size, count * size);
  return entry;
}
