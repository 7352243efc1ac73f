import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { retention } from './retention.ts';
import { retentionParallel } from './retention-parallel.ts';
import {
  dataFor,
  type Execute,
  onBackend,
  type RetentionCase,
  type RetentionRun,
  randomCase,
  relativeError,
  type SegmentRow,
  typesFor,
} from './testing/cases.ts';
import { placeCall, type WasmSettings } from './testing/wasm-host.ts';
import { gatedRetentionWasmKernels } from './wasm.ts';

const reference = onBackend(createReferenceBackend({ kernels: [retentionParallel, retention] }));
const untouched = 12345;

/** Runs on the bare module; outputs hold `untouched` before. */
function onModule(settings: WasmSettings): Execute {
  return async (operands, run, state) => {
    const kernel = state === undefined ? retentionParallel : retention;
    const types = typesFor(operands, run, state);
    const call = await placeCall(
      {
        kernel,
        wasm: gatedRetentionWasmKernels.find(({ kernel: name }) => name === kernel.name)!,
        inputs: Object.entries(dataFor(operands, run, state)).map(([name, data]) => ({ type: types[name]!, data })),
        params: {
          segmentCount: { scalar: 'segments', type: 'i32', index: 0 },
          rows: { scalar: 'rows', type: 'i32', index: 1 },
        },
        values: { segments: run.segments.length, rows: run.rows ?? operands.rows },
        before: untouched,
      },
      settings,
    );
    call.run();
    expect(call.strayWrites()).toBe(0);
    state?.set(call.input(5));
    return call.output(0);
  };
}

function stateFor({ heads, headDim }: RetentionCase, slots: number): Float32Array {
  return new Float32Array(slots * heads * headDim ** 2).fill(Number.NaN);
}

const settings: WasmSettings[] = (['relaxed', 'baseline'] as const).flatMap((variant) =>
  [1, 2].map((threads) => ({ variant, threads })),
);
const shapes = [
  { rows: 1, heads: 1, headDim: 1 },
  { rows: 2, heads: 3, headDim: 2 },
  { rows: 5, heads: 2, headDim: 7 },
  { rows: 31, heads: 3, headDim: 13 },
  { rows: 33, heads: 1, headDim: 20 },
  { rows: 131, heads: 3, headDim: 36 },
  { rows: 70, heads: 2, headDim: 64 },
];

describe.each(settings)('gated retention in WebAssembly, $variant, $threads threads', (setting) => {
  const execute = onModule(setting);

  test.each(shapes)('without memory agrees with the reference: %o', async ({ rows, heads, headDim }) => {
    const operands = randomCase(rows, rows, heads, headDim);
    const run: RetentionRun = { segments: [[0, rows, 0, 0]] };
    expect(relativeError(await execute(operands, run), await reference(operands, run))).toBeLessThan(1e-6);
  });

  test.each(shapes)('with memory agrees in one piece, in chunks and by token, states too: %o', async (shape) => {
    const { rows, heads, headDim } = shape;
    const operands = randomCase(rows + 1, rows, heads, headDim);
    for (const length of new Set([rows, 37, 3, 1])) {
      const state = stateFor(operands, 2);
      const expectedState = new Float64Array(state.length);
      for (let start = 0; start < rows; start += length) {
        const count = Math.min(length, rows - start);
        const run: RetentionRun = { segments: [[start, count, 1, start]] };
        const slice = [start * heads * headDim, (start + count) * heads * headDim];
        const o = (await execute(operands, run, state)).subarray(...slice);
        const expected = (await reference(operands, run, expectedState)).subarray(...slice);
        expect(relativeError(o, expected)).toBeLessThan(2e-6);
      }
      const used = state.length / 2;
      expect(relativeError(state.subarray(used), expectedState.subarray(used))).toBeLessThan(2e-6);
      expect(state.subarray(0, used).every(Number.isNaN)).toBe(true);
    }
  });

  test('handles several segments, and leaves rows, segments and slots beyond the run alone', async () => {
    const operands = randomCase(5, 90, 3, 10);
    const segments: SegmentRow[] = [
      [50, 35, 4, 0],
      [0, 48, 1, 7],
      [48, 1, 0, 3],
      [49, 1, 2, 0],
      [85, 0, 3, 5],
    ];
    const run: RetentionRun = { segments, rows: 85, spareSegments: 2 };
    const size = 3 * 10 ** 2;
    const state = stateFor(operands, 5);
    for (const slot of [0, 1, 3]) state.set(randomCase(slot, 1, 3, 100).q, slot * size);
    const before = state.slice();
    const expectedState = Float64Array.from(state);
    for (const [given, wanted] of [
      [undefined, undefined],
      [state, expectedState],
    ] as const) {
      const o = await execute(operands, run, given);
      const expected = await reference(operands, run, wanted);
      expect(relativeError(o.subarray(0, 85 * 30), expected.subarray(0, 85 * 30))).toBeLessThan(2e-6);
      expect(o.subarray(85 * 30).every((value) => value === untouched)).toBe(true);
    }
    for (const slot of [0, 1, 2, 4]) {
      const part = [slot * size, (slot + 1) * size] as const;
      expect(relativeError(state.subarray(...part), expectedState.subarray(...part))).toBeLessThan(2e-6);
    }
    expect(state.subarray(3 * size, 4 * size)).toEqual(before.subarray(3 * size, 4 * size));
  });

  test.each([50, 8000])('decay logits of ±%d over a long sequence stay finite and exact', async (logit) => {
    const operands = randomCase(3, 1000, 2, 9, 1);
    for (let i = 0; i < operands.decay.length; i++) operands.decay[i] = operands.decay[i]! > 0 ? logit : -logit;
    for (let row = 100; row < 300; row++) operands.decay[2 * row] = -logit;
    for (let row = 400; row < 900; row++) operands.decay[2 * row + 1] = logit;
    const run: RetentionRun = { segments: [[0, 1000, 0, 0]] };
    const expected = await reference(operands, run);
    expect(relativeError(await execute(operands, run), expected)).toBeLessThan(2e-6);
    expect(relativeError(await execute(operands, run, stateFor(operands, 1)), expected)).toBeLessThan(2e-6);
  });
});

describe('bits of gated retention in WebAssembly', () => {
  const operands = randomCase(9, 80, 3, 37);
  const segments: SegmentRow[] = [
    [0, 41, 1, 0],
    [41, 1, 0, 0],
    [42, 38, 2, 0],
  ];

  test('do not depend on the number of threads, however many for the work', async () => {
    const run: RetentionRun = { segments };
    const state = stateFor(operands, 3);
    const o = await onModule({ variant: 'relaxed', threads: 1 })(operands, run, state);
    for (const threads of [2, 3, 7, 40]) {
      const other = stateFor(operands, 3);
      expect(await onModule({ variant: 'relaxed', threads })(operands, run, other)).toEqual(o);
      expect(other).toEqual(state);
    }
  });

  test('of up to 8 rows in one run are those of token by token', async () => {
    const execute = onModule({ variant: 'relaxed', threads: 2 });
    const together = stateFor(operands, 1);
    const o = await execute(operands, { segments: [[20, 8, 0, 0]] }, together);
    const state = stateFor(operands, 1);
    for (let row = 20; row < 28; row++) {
      const one = await execute(operands, { segments: [[row, 1, 0, row - 20]] }, state);
      const part = [row * 3 * 37, (row + 1) * 3 * 37];
      expect(one.subarray(...part)).toEqual(o.subarray(...part));
    }
    expect(state).toEqual(together);
  });

  test('of a segment do not depend on the others or on its slot', async () => {
    const execute = onModule({ variant: 'relaxed', threads: 2 });
    const together = await execute(operands, { segments }, stateFor(operands, 3));
    for (const [first, count] of segments) {
      const alone = await execute(operands, { segments: [[first, count, 3, 0]] }, stateFor(operands, 4));
      const rows = [first * 3 * 37, (first + count) * 3 * 37];
      expect(alone.subarray(...rows)).toEqual(together.subarray(...rows));
    }
  });
});
