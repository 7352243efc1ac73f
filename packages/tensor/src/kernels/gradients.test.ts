import { type AnyKernel, type Params, ShapeError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { f32, i32, tensorType } from '../shape.ts';
import { evaluate, gradientsOf, seededArray, type TestInput } from '../testing.ts';
import {
  add,
  addRmsNorm,
  addRmsNormBackward,
  embedding,
  embeddingAccumulate,
  embeddingBackward,
  gatherRows,
  gatherRowsBackward,
  linear,
  linearCrossEntropy,
  linearCrossEntropyBackward,
  linearInputBackward,
  linearWeightAccumulate,
  linearWeightBackward,
  meanLoss,
  meanLossBackward,
  rmsNorm,
  rmsNormBackward,
  rotary,
  rotaryBackward,
  scale,
  swiglu,
  swigluBackward,
} from './index.ts';

/** Rows at most, and rows of the run: what lies between is NaN. */
const most = 7;
const rows = 5;

const floats = (shape: readonly number[], seed: number, factor = 1): TestInput => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { type: tensorType(f32, ...shape), data: seededArray(count, seed, factor) };
};
/** [most, width], of which `rows` count. */
const rowsOf = (width: number, seed: number, factor = 1): TestInput => {
  const input = floats([most, width], seed, factor);
  input.data.fill(Number.NaN, rows * width);
  return input;
};
const integers = (...values: number[]): TestInput => ({
  type: tensorType(i32, values.length),
  data: Int32Array.from(values),
});
const rotation: TestInput = {
  ...rowsOf(6, 0),
  fixed: true,
  data: Float64Array.from({ length: most * 6 }, (_, i) => {
    const angle = Math.floor(i / 6) * (1 + (i % 3));
    return i % 6 < 3 ? Math.cos(angle) : Math.sin(angle);
  }),
};
const losses = rowsOf(1, 21, 4);
const lossRow: TestInput = { type: tensorType(f32, most), data: losses.data };

interface Case {
  readonly name: string;
  readonly kernel: AnyKernel;
  readonly inputs: readonly TestInput[];
  readonly params: Params;
  readonly flowing?: readonly number[];
}

const cases: readonly Case[] = [
  { name: 'add', kernel: add, inputs: [rowsOf(9, 1), rowsOf(9, 2)], params: { rows } },
  { name: 'scale', kernel: scale, inputs: [rowsOf(9, 3)], params: { rows, factor: -1.75 } },
  { name: 'linear', kernel: linear, inputs: [rowsOf(9, 4), floats([11, 9], 5)], params: { rows } },
  {
    name: 'linear, all rows',
    kernel: linear,
    inputs: [floats([3, 1], 6), floats([1, 1], 7)],
    params: {},
  },
  {
    name: 'embedding, ids repeated and out of range',
    kernel: embedding,
    inputs: [integers(4, 2, 4, -1, 13, 1, 1), floats([6, 5], 8)],
    params: { rows, scale: 1.5 },
  },
  {
    name: 'rms_norm',
    kernel: rmsNorm,
    inputs: [rowsOf(9, 9, 3), floats([9], 10)],
    params: { rows, eps: 1e-2 },
  },
  {
    name: 'rms_norm in groups',
    kernel: rmsNorm,
    inputs: [rowsOf(9, 11), floats([3], 12)],
    params: { rows, eps: 1e-2, group: 3 },
  },
  {
    name: 'rms_norm in groups, without weight',
    kernel: rmsNorm,
    inputs: [rowsOf(10, 13)],
    params: { rows, eps: 1e-2, group: 5 },
  },
  ...([[0, 1], [0], [1]] as const).map((flowing) => ({
    name: `add_rms_norm, gradients of outputs ${flowing.join(' and ')}`,
    kernel: addRmsNorm as AnyKernel,
    inputs: [rowsOf(9, 14), rowsOf(9, 15, 2), floats([9], 16)],
    params: { rows, eps: 1e-2 },
    flowing,
  })),
  { name: 'rotary', kernel: rotary, inputs: [rowsOf(12, 17), rotation], params: { rows } },
  { name: 'swiglu', kernel: swiglu, inputs: [rowsOf(9, 18, 6), rowsOf(9, 19)], params: { rows } },
  {
    name: 'gather_rows, indices repeated',
    kernel: gatherRows,
    inputs: [floats([6, 5], 20), integers(5, 0, 5, 2, 5, 1, 1)],
    params: { rows },
  },
  {
    name: 'linear_cross_entropy, a row without target',
    kernel: linearCrossEntropy,
    inputs: [rowsOf(9, 22, 2), floats([13, 9], 23), integers(12, 0, -1, 5, 5, 1, 1)],
    params: { rows },
  },
  { name: 'mean_loss', kernel: meanLoss, inputs: [lossRow, integers(3, -1, 0, -5, 2, 4, 4)], params: { rows } },
];

describe.each(cases)('$name', ({ kernel, inputs, params, flowing }) => {
  test.each([undefined, 0.25])('has the gradients of finite differences (added to %s)', async (held) => {
    const options = { ...(flowing === undefined ? {} : { flowing }), ...(held === undefined ? {} : { held }) };
    const gradients = await gradientsOf(kernel, inputs, params, options);
    expect(gradients.length).toBeGreaterThan(0);
    for (const { recorded, expected } of gradients) {
      for (let i = 0; i < expected.length; i++) {
        if (Number.isNaN(expected[i])) continue;
        expect(Math.abs(recorded[i]! - expected[i]!), `[${i}]`).toBeLessThan(1e-8 * (1 + Math.abs(expected[i]!)));
      }
    }
  });

  test('leaves gradients beyond the rows alone', async () => {
    const gradients = await gradientsOf(kernel, inputs, params, flowing === undefined ? {} : { flowing });
    for (const { recorded, expected } of gradients) {
      expected.forEach((value, i) => {
        if (Number.isNaN(value)) expect(recorded[i]).toBeNaN();
        else expect(recorded[i]).not.toBeNaN();
      });
    }
  });
});

describe('edges', () => {
  test('a loss over no rows is 0, and so are its gradients', () => {
    const none = integers(-1, -1, 2);
    expect(evaluate(meanLoss, [floats([3], 1), none], { rows: 2 })).toEqual([Float64Array.of(0)]);
    const [dlosses] = evaluate(meanLossBackward, [none, floats([1], 2)], { rows: 2 });
    expect([...dlosses!]).toEqual([0, 0, Number.NaN]);
  });

  test('no rows make gradients of zero', () => {
    const [dweight] = evaluate(linearWeightBackward, [floats([2, 3], 1), floats([2, 5], 2)], { rows: 0 });
    expect(dweight).toEqual(new Float64Array(15));
    const [dx, norms] = evaluate(rmsNormBackward, [floats([2, 3], 1), floats([2, 3], 2), floats([3], 3)], {
      rows: 0,
      eps: 1e-6,
    });
    expect(dx!.every(Number.isNaN)).toBe(true);
    expect(norms).toEqual(new Float64Array(3));
  });

  test('gates far from 0 have finite gradients', () => {
    const gate: TestInput = { type: tensorType(f32, 1, 5), data: Float64Array.of(-1e4, -710, 0, 710, 1e4) };
    const ones: TestInput = { type: tensorType(f32, 1, 5), data: new Float64Array(5).fill(1) };
    const [dgate, dup] = evaluate(swigluBackward, [gate, ones, ones], {});
    expect([...dgate!].map(Math.abs)).toEqual([0, expect.closeTo(0), 0.5, 1, 1]);
    expect([...dup!].map(Math.abs)).toEqual([0, expect.closeTo(0), 0, 710, 1e4]);
  });

  test('logits of some thousands have finite gradients', () => {
    const x = floats([2, 4], 3, 100);
    const weight = floats([9, 4], 4, 100);
    const targets = integers(8, 3);
    const [given] = evaluate(linearCrossEntropy, [x, weight, targets], {});
    const losses: TestInput = { type: tensorType(f32, 2), data: given! };
    const [dx, dweight] = evaluate(linearCrossEntropyBackward, [x, weight, targets, losses, floats([2], 5)], {});
    expect([...dx!, ...dweight!].every(Number.isFinite)).toBe(true);
  });
});

describe('shapes that do not fit are named', () => {
  const types = (...inputs: TestInput[]) => inputs.map(({ type }) => type);
  const ids = integers(0, 1, 2);
  test.each<[string, () => unknown, string]>([
    [
      'linear_input_backward',
      () => linearInputBackward.infer(types(floats([3, 4], 1), floats([5, 4], 1)), {}),
      'a weight [4, in]',
    ],
    [
      'linear_weight_backward',
      () => linearWeightBackward.infer(types(floats([3, 4], 1), floats([2, 4], 1)), {}),
      'gradient of 2 rows',
    ],
    [
      'linear_weight_accumulate',
      () => linearWeightAccumulate.infer(types(floats([3, 4], 1), floats([3, 5], 1), floats([5, 4], 1)), {}),
      'a sum f32 [4, 5]',
    ],
    [
      'embedding_backward',
      () => embeddingBackward.infer(types(ids, floats([4, 2], 1)), { scale: 1, tableRows: 3 }),
      'gradient of 3 rows',
    ],
    [
      'embedding_accumulate',
      () => embeddingAccumulate.infer(types(ids, floats([3, 2], 1), floats([9, 3], 1)), { scale: 1 }),
      'a sum [V, 2]',
    ],
    [
      'rms_norm_backward',
      () => rmsNormBackward.infer(types(floats([3, 4], 1), floats([3, 4], 1)), { eps: 1, group: 3 }),
      'multiple of 3',
    ],
    [
      'add_rms_norm_backward',
      () => addRmsNormBackward.infer(types(floats([3, 4], 1), floats([4], 1), floats([4, 3], 1)), { eps: 1 }),
      'of one shape',
    ],
    ['rotary_backward', () => rotaryBackward.infer(types(floats([3, 4], 1), floats([3, 3], 1)), {}), 'even head width'],
    [
      'swiglu_backward',
      () => swigluBackward.infer(types(floats([3, 4], 1), floats([3, 4], 1), floats([3, 5], 1)), {}),
      'gate and gradient of one shape',
    ],
    [
      'gather_rows_backward',
      () => gatherRowsBackward.infer(types(floats([2, 4], 1), ids), { sourceRows: 8 }),
      'gradient of 3 rows',
    ],
    [
      'linear_cross_entropy_backward',
      () =>
        linearCrossEntropyBackward.infer(
          types(floats([3, 4], 1), floats([9, 4], 1), ids, floats([2], 1), floats([3], 1)),
          {},
        ),
      'losses [T]',
    ],
    ['mean_loss', () => meanLoss.infer(types(floats([4], 1), ids), {}), 'targets [4]'],
    ['mean_loss_backward', () => meanLossBackward.infer(types(ids, floats([2], 1)), {}), 'of one element'],
  ])('%s', (name, infer, message) => {
    expect(infer).toThrow(ShapeError);
    expect(infer).toThrow(message);
    expect(infer).toThrow(new RegExp(`^${name}:`));
  });
});
