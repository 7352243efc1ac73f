import type { KernelSpec, NumberArray, TensorType } from '@yoco-u/spec';
import { elementCount, f32, i32, tensorType } from '@yoco-u/tensor';
import { describe, expect, test } from 'vitest';
import { retentionDecayBackward } from './decay-backward.ts';
import { retentionKeyValueBackward } from './key-value-backward.ts';
import { retentionParallel } from './retention-parallel.ts';
import type { RetentionParams } from './retention-shapes.ts';
import {
  dataFor,
  type RetentionCase,
  type RetentionRun,
  randomCase,
  relativeError,
  typesFor,
} from './testing/cases.ts';
import { placeCall, type WasmSettings } from './testing/wasm-host.ts';
import { gatedRetentionWasmKernels } from './wasm.ts';

const untouched = 12345;
const names = ['q', 'k', 'v', 'decay'] as const;

/** Runs one kernel on operands of the types given. */
type Execute = (
  kernel: KernelSpec<RetentionParams>,
  types: readonly TensorType[],
  inputs: readonly NumberArray[],
  values: { readonly segments: number; readonly rows: number },
) => Promise<readonly NumberArray[]>;

const inFloat64: Execute = async (kernel, inputTypes, inputs, { segments, rows }) => {
  const params = { segmentCount: segments, rows };
  const outputTypes = kernel.infer(inputTypes, params);
  const outputs = outputTypes.map((type) => new Float64Array(elementCount(type)).fill(untouched));
  kernel.reference({ inputs, outputs, inputTypes, outputTypes, params, value: Number });
  return outputs;
};

function onModule(settings: WasmSettings): Execute {
  return async (kernel, types, inputs, values) => {
    const call = await placeCall(
      {
        kernel,
        wasm: gatedRetentionWasmKernels.find(({ kernel: name }) => name === kernel.name)!,
        inputs: inputs.map((data, index) => ({ type: types[index]!, data })),
        params: {
          segmentCount: { scalar: 'segments', type: 'i32', index: 0 },
          rows: { scalar: 'rows', type: 'i32', index: 1 },
        },
        values,
        before: untouched,
      },
      settings,
    );
    call.run();
    expect(call.strayWrites()).toBe(0);
    return kernel
      .infer(types, { segmentCount: values.segments, rows: values.rows })
      .map((_, index) => call.output(index));
  };
}

/** Gradients of q, k, v and decay by the calls that `retentionParallel.backward` records. */
async function gradientsOf(execute: Execute, operands: RetentionCase, run: RetentionRun, gradient: NumberArray) {
  const types = typesFor(operands, run, undefined);
  const { q, k, v, decay, segments } = dataFor(operands, run, undefined) as Record<string, NumberArray>;
  const [wide, narrow, table] = [types.q!, types.decay!, types.segments!];
  const values = { segments: run.segments.length, rows: run.rows ?? operands.rows };
  const forward = [wide, wide, wide, narrow, table];
  const [ofQueries] = await execute(retentionParallel, forward, [gradient, v!, k!, decay!, segments!], values);
  const [ofKeys, ofValues] = await execute(
    retentionKeyValueBackward,
    [...forward, wide],
    [q!, k!, v!, decay!, segments!, gradient],
    values,
  );
  const [ofDecay] = await execute(
    retentionDecayBackward,
    [wide, wide, wide, wide, narrow, table],
    [q!, k!, ofQueries!, ofKeys!, decay!, segments!],
    values,
  );
  return { q: ofQueries!, k: ofKeys!, v: ofValues!, decay: ofDecay! };
}

const settings: WasmSettings[] = (['relaxed', 'baseline'] as const).flatMap((variant) =>
  [1, 2].map((threads) => ({ variant, threads })),
);
const shapes = [
  { rows: 1, heads: 1, headDim: 1 },
  { rows: 2, heads: 3, headDim: 2 },
  { rows: 5, heads: 2, headDim: 7 },
  { rows: 32, heads: 3, headDim: 13 },
  { rows: 33, heads: 1, headDim: 20 },
  { rows: 131, heads: 3, headDim: 36 },
  { rows: 70, heads: 2, headDim: 64 },
];

describe.each(settings)('gradients of gated retention in WebAssembly, $variant, $threads threads', (setting) => {
  const execute = onModule(setting);

  test.each(shapes)('agree with the reference: %o', async ({ rows, heads, headDim }) => {
    const operands = randomCase(rows, rows, heads, headDim);
    const gradient = randomCase(rows + 1, rows, heads, headDim).q;
    const run: RetentionRun = { segments: [[0, rows, 0, 0]] };
    const got = await gradientsOf(execute, operands, run, gradient);
    const expected = await gradientsOf(inFloat64, operands, run, gradient);
    for (const name of names) {
      expect(relativeError(got[name], expected[name]), name).toBeLessThan(name === 'decay' ? 4e-6 : 1e-6);
    }
  });

  test('handle several segments, and leave rows and segments beyond the run alone', async () => {
    const operands = randomCase(5, 90, 3, 10);
    const gradient = randomCase(6, 90, 3, 10).q;
    for (const array of [operands.q, operands.k, operands.v, gradient]) array.fill(Number.NaN, 83 * 30);
    operands.decay.fill(Number.NaN, 83 * 3);
    const run: RetentionRun = {
      segments: [
        [50, 40, 4, 0],
        [0, 48, 1, 7],
        [48, 1, 0, 3],
        [49, 1, 2, 0],
        [85, 0, 3, 5],
      ],
      rows: 83,
      spareSegments: 2,
    };
    const got = await gradientsOf(execute, operands, run, gradient);
    const expected = await gradientsOf(inFloat64, operands, run, gradient);
    for (const name of names) {
      const used = 83 * (name === 'decay' ? 3 : 30);
      expect(relativeError(got[name].subarray(0, used), expected[name].subarray(0, used)), name).toBeLessThan(4e-6);
      expect(got[name].subarray(used).every((value) => value === untouched)).toBe(true);
    }
  });

  test.each([50, 8000])('stay finite and exact with decay logits of ±%d over a long sequence', async (logit) => {
    const operands = randomCase(3, 500, 2, 9, 1);
    const gradient = randomCase(4, 500, 2, 9).q;
    for (let i = 0; i < operands.decay.length; i++) operands.decay[i] = operands.decay[i]! > 0 ? logit : -logit;
    for (let row = 100; row < 200; row++) operands.decay[2 * row] = -logit;
    for (let row = 200; row < 450; row++) operands.decay[2 * row + 1] = logit;
    const run: RetentionRun = { segments: [[0, 500, 0, 0]] };
    const got = await gradientsOf(execute, operands, run, gradient);
    const expected = await gradientsOf(inFloat64, operands, run, gradient);
    for (const name of names) {
      expect(got[name].every(Number.isFinite), name).toBe(true);
      // a decay that has vanished, or is one to the last bit, has a gradient of the size of the sum's rounding: measured
      // against the terms of that sum
      if (name === 'decay') {
        const difference = got.decay.map((value, i) => Math.abs(value - expected.decay[i]!));
        expect(Math.max(...difference)).toBeLessThan(1e-5);
      } else expect(relativeError(got[name], expected[name]), name).toBeLessThan(2e-6);
    }
  });
});

describe('gradients of gated retention in WebAssembly', () => {
  const operands = randomCase(9, 80, 3, 37);
  const gradient = randomCase(10, 80, 3, 37).q;
  const run: RetentionRun = {
    segments: [
      [0, 41, 1, 0],
      [41, 1, 0, 0],
      [42, 38, 2, 0],
    ],
  };

  test('do not depend on the number of threads, however many for the work', async () => {
    const one = await gradientsOf(onModule({ variant: 'relaxed', threads: 1 }), operands, run, gradient);
    for (const threads of [2, 3, 7, 80]) {
      expect(await gradientsOf(onModule({ variant: 'relaxed', threads }), operands, run, gradient)).toEqual(one);
    }
  });

  test('of a segment do not depend on the others', async () => {
    const execute = onModule({ variant: 'relaxed', threads: 2 });
    const together = await gradientsOf(execute, operands, run, gradient);
    for (const segment of run.segments) {
      const alone = await gradientsOf(execute, operands, { segments: [segment] }, gradient);
      for (const name of names) {
        const width = name === 'decay' ? 3 : 3 * 37;
        const part = [segment[0] * width, (segment[0] + segment[1]) * width] as const;
        expect(alone[name].subarray(...part), name).toEqual(together[name].subarray(...part));
      }
    }
  });

  test('are what finite differences of the reference give', async () => {
    const small = randomCase(11, 70, 2, 5);
    const incoming = randomCase(12, 70, 2, 5).q;
    const pieces: RetentionRun = {
      segments: [
        [0, 37, 0, 0],
        [37, 33, 1, 0],
      ],
    };
    const got = await gradientsOf(onModule({ variant: 'baseline', threads: 2 }), small, pieces, incoming);
    const types = [...[0, 1, 2].map(() => tensorType(f32, 70, 10)), tensorType(f32, 70, 2), tensorType(i32, 2, 4)];
    const inputs = Object.values(dataFor(small, pieces, undefined)).map((data) => Float64Array.from(data));
    const loss = async (): Promise<number> => {
      const [o] = await inFloat64(retentionParallel, types, inputs, { segments: 2, rows: 70 });
      return incoming.reduce((sum, value, i) => sum + value * o![i]!, 0);
    };
    for (const [position, name] of names.entries()) {
      const operand = inputs[position]!;
      for (let i = 3; i < operand.length; i += 23) {
        const value = operand[i]!;
        const step = 1e-4;
        operand[i] = value + step;
        const above = await loss();
        operand[i] = value - step;
        const below = await loss();
        operand[i] = value;
        expect(Math.abs(got[name][i]! - (above - below) / (2 * step)), `${name}[${i}]`).toBeLessThan(1e-5);
      }
    }
  });
});
