/** Shapes that both forms of the kernel share, their checks, and the walk over segments. */
import { type NumberArray, type ReferenceCall, ShapeError, type TensorType, type Value } from '@yoco-u/spec';
import { describeType, elementCount, rowCount, width } from '@yoco-u/tensor';

export interface RetentionParams {
  /** How many entries of `segments` are valid in this run. */
  readonly segmentCount: Value;
  /** How many rows this run has; segments hold them all, and rows beyond are neither read nor written. */
  readonly rows: Value;
}

export interface RetentionSizes {
  /** T: most rows. */
  readonly rows: number;
  /** H */
  readonly heads: number;
  /** D */
  readonly headDim: number;
}

/** A run of consecutive positions of one sequence. */
export interface Segment {
  readonly firstRow: number;
  readonly endRow: number;
  readonly slot: number;
  /** Tokens stored before the first row. */
  readonly start: number;
}

/** Throws `ShapeError` unless q, k, v are [T, H·D], decay is [T, H] and segments is i32 [segments, 4]. */
export function checkRetention(where: string, inputs: readonly TensorType[], count: number): RetentionSizes {
  if (inputs.length !== count) throw new ShapeError({ where, expected: `${count} inputs`, got: `${inputs.length}` });
  const [q, k, v, decay, segments] = inputs as [TensorType, TensorType, TensorType, TensorType, TensorType];
  for (const [name, type] of Object.entries({ q, k, v, decay })) {
    if (type.format.name !== 'f32' || type.shape.length !== 2 || rowCount(type) !== rowCount(q)) {
      throw new ShapeError({ where, expected: `${name} as f32 [${rowCount(q)}, …]`, got: describeType(type) });
    }
  }
  if (width(k) !== width(q) || width(v) !== width(q) || width(q) % width(decay) !== 0) {
    throw new ShapeError({
      where,
      expected: 'q, k, v [T, H·D] of one width and decay [T, H]',
      got: inputs.slice(0, 4).map(describeType).join(', '),
    });
  }
  if (segments.format.name !== 'i32' || segments.shape.length !== 2 || width(segments) !== 4) {
    throw new ShapeError({ where, expected: 'segments as i32 [segments, 4]', got: describeType(segments) });
  }
  return sizesOf(inputs);
}

export function sizesOf([q, , , decay]: readonly TensorType[]): RetentionSizes {
  const heads = width(decay!);
  return { rows: rowCount(q!), heads, headDim: width(q!) / heads };
}

/** Bytes of q, k, v, decay, segments and the result, each touched once. */
export function retentionBytes(inputs: readonly TensorType[]): number {
  const [q, k, v, decay, segments] = inputs;
  return 4 * [q, k, v, q, decay, segments].reduce((sum, type) => sum + elementCount(type!), 0);
}

/** The run's segments that have rows, from the table in input `position`. */
export function segmentsOf(call: ReferenceCall<RetentionParams>, position = 4): readonly Segment[] {
  const table = call.inputs[position] as NumberArray;
  const rows = call.value(call.params.rows);
  const segments: Segment[] = [];
  for (let index = 0; index < call.value(call.params.segmentCount); index++) {
    const [firstRow, count, slot, start] = table.subarray(4 * index, 4 * index + 4);
    const endRow = Math.min(firstRow! + count!, rows);
    if (endRow > firstRow!) segments.push({ firstRow: firstRow!, endRow, slot: slot!, start: start! });
  }
  return segments;
}
