import { type NumberArray, ShapeError } from '@yoco-u/spec';
import { f32, i32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { logDecay } from './decay.ts';
import { retention } from './retention.ts';
import { retentionParallel } from './retention-parallel.ts';
import {
  evaluateDirectly,
  onBackend,
  type RetentionCase,
  randomCase,
  relativeError,
  type SegmentRow,
} from './testing/cases.ts';

const execute = onBackend(createReferenceBackend({ kernels: [retentionParallel, retention] }));

function stateFor({ heads, headDim }: RetentionCase, slots: number): Float64Array {
  return new Float64Array(slots * heads * headDim * headDim);
}

/** Rows [from, to) of o [T, H·D]. */
function rowsOf({ heads, headDim }: RetentionCase, o: NumberArray, from: number, to: number): NumberArray {
  return o.subarray(from * heads * headDim, to * heads * headDim);
}

describe('logDecay', () => {
  test('is the sixteenth root of the sigmoid, for logits of any size', () => {
    for (const logit of [-3, -0.5, 0, 0.1, 7]) {
      expect(Math.exp(logDecay(logit))).toBeCloseTo((1 / (1 + Math.exp(-logit))) ** (1 / 16), 14);
    }
    expect(logDecay(-800)).toBe(-50);
    expect(logDecay(50)).toBeLessThan(0);
    expect(logDecay(50)).toBeGreaterThan(-2e-23);
    expect(logDecay(1e6)).toBeCloseTo(0, 300);
  });
});

describe('gated retention on the reference backend', () => {
  test.each([
    { rows: 1, heads: 1, headDim: 1 },
    { rows: 7, heads: 3, headDim: 5 },
    { rows: 33, heads: 2, headDim: 9 },
    { rows: 70, heads: 1, headDim: 16 },
  ])('parallel, chunked and token by token agree with a direct evaluation: %o', async ({ rows, heads, headDim }) => {
    const operands = randomCase(rows, rows, heads, headDim);
    const expected = evaluateDirectly(operands, 0, rows);
    expect(relativeError(await execute(operands, { segments: [[0, rows, 0, 0]] }), expected)).toBeLessThan(1e-13);
    const states: Float64Array[] = [];
    for (const length of [rows, 13, 1]) {
      const state = stateFor(operands, 1);
      for (let start = 0; start < rows; start += length) {
        const count = Math.min(length, rows - start);
        const o = await execute(operands, { segments: [[start, count, 0, start]] }, state);
        expect(
          relativeError(rowsOf(operands, o, start, start + count), rowsOf(operands, expected, start, start + count)),
        ).toBeLessThan(1e-13);
      }
      states.push(state);
    }
    expect(states[1]).toEqual(states[0]);
    expect(states[2]).toEqual(states[0]);
  });

  test('segments do not see each other, in whatever order and slots they come', async () => {
    const operands = randomCase(5, 29, 2, 6);
    const segments: SegmentRow[] = [
      [11, 17, 3, 0],
      [0, 10, 1, 0],
      [10, 1, 0, 0],
      [28, 0, 2, 0],
    ];
    const state = stateFor(operands, 4);
    const parallel = await execute(operands, { segments, rows: 28, spareSegments: 2 });
    const stateful = await execute(operands, { segments, rows: 28, spareSegments: 2 }, state);
    for (const [firstRow, count] of segments) {
      const expected = evaluateDirectly(operands, firstRow, count);
      for (const o of [parallel, stateful]) {
        expect(relativeError(rowsOf(operands, o, firstRow, firstRow + count), expected)).toBeLessThan(1e-13);
      }
    }
    expect(rowsOf(operands, parallel, 28, 29).every(Number.isNaN)).toBe(true);
    expect(rowsOf(operands, stateful, 28, 29).every(Number.isNaN)).toBe(true);
    expect(state.subarray(2 * 2 * 36, 3 * 2 * 36).every((entry) => entry === 0)).toBe(true);
  });

  test('a segment that starts at position 0 ignores what its slot held', async () => {
    const operands = randomCase(8, 6, 2, 3);
    const used = stateFor(operands, 2).fill(Number.NaN);
    const clean = stateFor(operands, 2);
    const run = { segments: [[0, 6, 1, 0]] as const };
    expect(await execute(operands, run, used)).toEqual(await execute(operands, run, clean));
    expect(used.subarray(18)).toEqual(clean.subarray(18));
    expect(used.subarray(0, 18).every(Number.isNaN)).toBe(true);
  });

  test('extreme decay logits over a long sequence stay finite and exact', async () => {
    const operands = randomCase(3, 400, 2, 3, 1);
    for (let i = 0; i < operands.decay.length; i++) operands.decay[i] = operands.decay[i]! > 0 ? 50 : -50;
    for (let row = 100; row < 300; row++) operands.decay[2 * row] = -50;
    const expected = evaluateDirectly(operands, 0, 400);
    const run = { segments: [[0, 400, 0, 0]] as const };
    expect(relativeError(await execute(operands, run), expected)).toBeLessThan(1e-12);
    expect(relativeError(await execute(operands, run, stateFor(operands, 1)), expected)).toBeLessThan(1e-12);
  });

  test('operands that do not fit are refused by name', () => {
    const wide = tensorType(f32, 4, 6);
    const decay = tensorType(f32, 4, 2);
    const segments = tensorType(i32, 1, 4);
    const params = { segmentCount: 1, rows: 4 };
    expect(() => retentionParallel.infer([wide, wide, wide, decay], params)).toThrow(ShapeError);
    expect(() => retentionParallel.infer([wide, wide, wide, tensorType(f32, 4, 4), segments], params)).toThrow(
      'decay [T, H]',
    );
    expect(() => retentionParallel.infer([wide, wide, wide, tensorType(f32, 5, 2), segments], params)).toThrow(
      'decay as f32 [4, …], got f32 [5, 2]',
    );
    expect(() => retentionParallel.infer([wide, wide, wide, decay, decay], params)).toThrow('segments');
    const state = tensorType(f32, 3, 2, 3, 4);
    expect(() => retention.infer([wide, wide, wide, decay, segments, state], params)).toThrow(
      'state as f32 [slots, 2, 3, 3], got f32 [3, 2, 3, 4]',
    );
  });
});
