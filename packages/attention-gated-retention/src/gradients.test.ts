import { type NumberArray, ShapeError, type TensorType } from '@yoco-u/spec';
import { createGraph, elementCount, f32, i32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { retentionDecayBackward } from './decay-backward.ts';
import { retentionKeyValueBackward } from './key-value-backward.ts';
import { retentionParallel } from './retention-parallel.ts';
import { randomNumbers } from './testing/cases.ts';

const T = 12;
const H = 2;
const D = 3;
const wide = tensorType(f32, T, H * D);
const types: readonly TensorType[] = [wide, wide, wide, tensorType(f32, T, H), tensorType(i32, 3, 4)];
const segments = Int32Array.of(6, 5, 0, 0, 0, 6, 1, 0, 11, 1, 2, 0);
const operandNames = ['q', 'k', 'v', 'decay'] as const;

/** Runs a kernel's float64 reference; outputs hold NaN before. */
function evaluate(
  kernel: typeof retentionParallel,
  inputTypes: readonly TensorType[],
  inputs: readonly NumberArray[],
  segmentCount: number,
): readonly Float64Array[] {
  const params = { segmentCount, rows: T };
  const outputTypes = kernel.infer(inputTypes, params);
  const outputs = outputTypes.map((type) => new Float64Array(elementCount(type)).fill(Number.NaN));
  kernel.reference({ inputs, outputs, inputTypes, outputTypes, params, value: Number });
  return outputs;
}

/** Gradients of q, k, v and decay by the kernels that `retentionParallel.backward` records. */
function gradientsOf(inputs: readonly NumberArray[], gradient: NumberArray, count: number): readonly Float64Array[] {
  const [q, k, v, decay] = inputs as readonly [NumberArray, NumberArray, NumberArray, NumberArray];
  const [ofQueries] = evaluate(retentionParallel, types, [gradient, v, k, decay, segments], count);
  const [ofKeys, ofValues] = evaluate(retentionKeyValueBackward, [...types, wide], [...inputs, gradient], count);
  const operands = [q, k, ofQueries!, ofKeys!, decay, segments];
  const [ofDecay] = evaluate(retentionDecayBackward, [wide, wide, wide, wide, types[3]!, types[4]!], operands, count);
  return [ofQueries!, ofKeys!, ofValues!, ofDecay!];
}

function operandsWith(spread: number): { readonly inputs: NumberArray[]; readonly gradient: Float64Array } {
  const random = randomNumbers(23);
  const fill = (type: TensorType, factor: number) =>
    Float64Array.from({ length: elementCount(type) }, () => factor * random());
  const inputs: NumberArray[] = types.slice(0, 4).map((type, index) => fill(type, index === 3 ? spread : 1));
  return { inputs: [...inputs, segments], gradient: fill(wide, 1) };
}

describe('the gradient of gated retention', () => {
  test.each([1, 6, 60])('is what finite differences give, with decay logits up to ±%d', (spread) => {
    const { inputs, gradient } = operandsWith(spread);
    const gradients = gradientsOf(inputs, gradient, 3);
    const loss = (): number => {
      const [o] = evaluate(retentionParallel, types, inputs, 3);
      return o!.reduce((sum, value, i) => sum + value * gradient[i]!, 0);
    };
    operandNames.forEach((name, position) => {
      const operand = inputs[position]!;
      for (let i = 0; i < operand.length; i++) {
        const value = operand[i]!;
        const step = 1e-5;
        operand[i] = value + step;
        const above = loss();
        operand[i] = value - step;
        const below = loss();
        operand[i] = value;
        const difference = (above - below) / (2 * step);
        expect(Math.abs(gradients[position]![i]! - difference), `${name}[${i}]`).toBeLessThan(1e-8);
      }
    });
  });

  test('leaves rows outside of the segments alone', () => {
    const { inputs, gradient } = operandsWith(3);
    const gradients = gradientsOf(inputs, gradient, 2);
    for (const [index, array] of gradients.entries()) {
      const row = index === 3 ? H : H * D;
      expect(array.subarray(0, 11 * row).every(Number.isFinite)).toBe(true);
      expect(array.subarray(11 * row).every(Number.isNaN)).toBe(true);
    }
  });

  test('is recorded for all operands but the segments, and runs as part of a program', async () => {
    const { inputs, gradient } = operandsWith(2);
    const graph = createGraph();
    const names = [...operandNames, 'segments'];
    const declared = names.map((name, index) => graph.declare('input', name, types[index]!));
    const params = { segmentCount: graph.scalar('segments', 'i32'), rows: graph.scalar('rows', 'i32') };
    const outputs = graph.call(retentionParallel, declared, params);
    const incoming = graph.declare('input', 'gradient', wide);
    const recorded = retentionParallel.backward!(graph, { inputs: declared, outputs, params }, [incoming], []);
    expect(recorded[4]).toBeUndefined();
    expect(retentionParallel.backward!(graph, { inputs: declared, outputs, params }, [undefined], [])).toEqual(
      names.map(() => undefined),
    );
    const program = graph.build(Object.fromEntries(operandNames.map((name, index) => [`d_${name}`, recorded[index]!])));
    for (const { inputs, outputs } of program.calls) expect(inputs.length + outputs.length).toBeLessThanOrEqual(8);
    await using backend = createReferenceBackend({
      kernels: [retentionParallel, retentionKeyValueBackward, retentionDecayBackward],
    });
    using executable = await backend.compile(program);
    const bound = program.tensors.filter(({ role }) => role !== 'temporary');
    const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
    [...names, 'gradient'].forEach((name, index) => {
      backend.write(buffers[name]!, [...inputs, gradient][index]!);
    });
    using binding = executable.bind(buffers);
    binding.run({ segments: 3, rows: T });
    const expected = gradientsOf(inputs, gradient, 3);
    for (const [index, name] of operandNames.entries()) {
      const got = new Float64Array(expected[index]!.length);
      await backend.download(buffers[`d_${name}`]!, got);
      expect(got).toEqual(expected[index]);
    }
  });

  test('refuses gradients of another shape', () => {
    const narrow = tensorType(f32, T, D);
    const params = { segmentCount: 1, rows: T };
    expect(() => retentionKeyValueBackward.infer([...types, narrow], params)).toThrow(ShapeError);
    expect(() => retentionKeyValueBackward.infer([...types, narrow], params)).toThrow(
      'a gradient f32 [12, 6], got f32 [12, 3]',
    );
    const [decay, table] = types.slice(3) as [TensorType, TensorType];
    expect(() => retentionDecayBackward.infer([wide, wide, narrow, wide, decay, table], params)).toThrow(ShapeError);
    expect(() => retentionDecayBackward.infer([wide, wide, wide, narrow, decay, table], params)).toThrow(
      'a gradient of k f32 [12, 6], got f32 [12, 3]',
    );
    expect(() => retentionDecayBackward.infer([wide, wide], params)).toThrow('expected 6 inputs, got 2');
  });
});
