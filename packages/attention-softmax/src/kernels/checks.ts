/** Checks and extents that the kernels of this package share. */
import { ShapeError, type TensorType, type Value } from '@yoco-u/spec';
import { describeType } from '@yoco-u/tensor';
import { type BlockAxes, blockAxes, blockLength, segmentWords } from '../layout.ts';

/** Params of every kernel that works segment by segment. */
export interface SegmentParams {
  /** How many entries of the segment table count in this run. */
  readonly segmentCount: Value;
  /** How many rows this run has; segments hold them all, and rows beyond are neither read nor written. */
  readonly rows: Value;
}

export function expectInputs(where: string, inputs: readonly TensorType[], ...counts: number[]): void {
  if (counts.includes(inputs.length)) return;
  throw new ShapeError({ where, expected: `${counts.join(' or ')} inputs`, got: `${inputs.length}` });
}

export function expectMatrix(where: string, what: string, type: TensorType): void {
  if (type.format.element === 'f32' && type.shape.length === 2) return;
  throw new ShapeError({ where, expected: `${what} f32 [T, width]`, got: describeType(type) });
}

export function expectSegments(where: string, type: TensorType): void {
  if (type.format.element === 'i32' && type.shape.length === 2 && type.shape[1] === segmentWords) return;
  throw new ShapeError({ where, expected: `segments i32 [segments, ${segmentWords}]`, got: describeType(type) });
}

/** Checks fresh blocks [2, G, blocks, 8·D] or, with `entries`, a ring or pool [entries, 2, G, blocks, 8·D]. */
export function expectBlocks(where: string, what: string, type: TensorType, entries: boolean): BlockAxes {
  const { shape, format } = type;
  const floats = shape[shape.length - 1]!;
  const fits = shape.length === (entries ? 5 : 4) && shape[shape.length - 4] === 2 && floats % blockLength === 0;
  if (format.element !== 'f32' || !fits) {
    throw new ShapeError({
      where,
      expected: `${what} f32 [${entries ? 'entries, ' : ''}2, G, blocks, 8·D]`,
      got: describeType(type),
    });
  }
  return blockAxes(type);
}

export function expectTable(where: string, type: TensorType): void {
  if (type.format.element === 'i32' && type.shape.length === 2) return;
  throw new ShapeError({ where, expected: 'a page table i32 [slots, pages]', got: describeType(type) });
}

/** Keys and values as rows [T, G·D] of one shape. */
export function expectKeysAndValues(where: string, k: TensorType, v: TensorType): void {
  expectMatrix(where, 'keys', k);
  expectMatrix(where, 'values', v);
  if (k.shape[0] === v.shape[0] && k.shape[1] === v.shape[1]) return;
  throw new ShapeError({
    where,
    expected: 'keys and values of one shape',
    got: `${describeType(k)} and ${describeType(v)}`,
  });
}

/** Query heads over a memory: the width of q must be a multiple of G·D. */
export function expectQueries(where: string, q: TensorType, axes: BlockAxes): void {
  expectMatrix(where, 'queries', q);
  const unit = axes.heads * axes.headDim;
  if (q.shape[1]! % unit === 0) return;
  throw new ShapeError({
    where,
    expected: `queries of a width that is a multiple of ${unit} (${axes.heads} key/value heads of ${axes.headDim})`,
    got: describeType(q),
    fix: 'query heads must be a multiple of key/value heads',
  });
}

export function expectSameAxes(where: string, what: string, a: BlockAxes, b: BlockAxes): void {
  if (a.heads === b.heads && a.headDim === b.headDim) return;
  throw new ShapeError({
    where,
    expected: `${what} of one count and width of heads`,
    got: `${a.heads} x ${a.headDim} and ${b.heads} x ${b.headDim}`,
  });
}

export function expectWindow(where: string, window: number | undefined): void {
  if (window === undefined || (Number.isSafeInteger(window) && window > 0)) return;
  throw new ShapeError({ where, expected: 'a window that is an integer > 0', got: String(window) });
}
