import { type KernelSpec, type NumberArray, ShapeError } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectSameShape, expectVector, type RowParams, rowsOf } from './checks.ts';
import { fill } from './fill.ts';
import { addRmsNormBackward, rmsNormBackward } from './rms-norm-backward.ts';

export interface RmsNormParams extends RowParams {
  readonly eps: number;
  /** Elements normed together: the width of x, or a divisor of it (the head width, for norms a head). Default: the width. */
  readonly group?: number;
}

/** y[0 .. group) = x · weight / sqrt(mean(x²) + eps), from `offset` on. */
export function normGroup(
  x: NumberArray,
  y: NumberArray,
  offset: number,
  group: number,
  eps: number,
  weight: NumberArray | undefined,
): void {
  let squares = 0;
  for (let c = 0; c < group; c++) squares += x[offset + c]! ** 2;
  const factor = 1 / Math.sqrt(squares / group + eps);
  for (let c = 0; c < group; c++) y[offset + c] = x[offset + c]! * factor * (weight === undefined ? 1 : weight[c]!);
}

/**
 * Scales each group of a row to unit root-mean-square, then by a learned weight where one is given.
 *
 * x [T, C], weight [group] → y [T, C].   y = x · weight / sqrt(mean(x²) + eps)
 */
export const rmsNorm: KernelSpec<RmsNormParams> = {
  name: 'rms_norm',
  infer(inputs, { group }) {
    expectInputs('rms_norm', inputs, 1, 2);
    const [x, weight] = inputs;
    expectElement('rms_norm', 'x', x!, 'f32');
    const size = group ?? width(x!);
    if (width(x!) % size !== 0) {
      throw new ShapeError({
        where: 'rms_norm',
        expected: `a width that is a multiple of ${size}`,
        got: describeType(x!),
      });
    }
    if (weight !== undefined) expectVector('rms_norm', 'weight', weight, size);
    return [tensorType(f32, ...x!.shape)];
  },
  cost: ([x]) => ({ flops: 4 * elementCount(x!), bytes: 2 * byteLength(x!) }),
  reference({ inputs: [x, weight], outputs: [y], inputTypes: [type], params, value }) {
    const group = params.group ?? width(type!);
    const count = value(rowsOf(params, type!)) * width(type!);
    for (let offset = 0; offset < count; offset += group) normGroup(x!, y!, offset, group, params.eps, weight);
  },
  backward(graph, { inputs: [x, weight], params }, [gradient]) {
    if (gradient === undefined) return [];
    return graph.call(rmsNormBackward, weight === undefined ? [x!, gradient] : [x!, gradient, weight], params);
  },
};

/**
 * The residual sum and its norm in one pass: x [T, C], delta [T, C], weight [C] → sum [T, C], normed [T, C].
 * sum = x + delta; normed = sum · weight / sqrt(mean(sum²) + eps)
 */
export const addRmsNorm: KernelSpec<RowParams & { readonly eps: number }> = {
  name: 'add_rms_norm',
  infer(inputs) {
    expectInputs('add_rms_norm', inputs, 3);
    const [x, delta, weight] = inputs;
    expectElement('add_rms_norm', 'x', x!, 'f32');
    expectSameShape('add_rms_norm', 'x and delta', x!, delta!);
    expectVector('add_rms_norm', 'weight', weight!, width(x!));
    return [tensorType(f32, ...x!.shape), tensorType(f32, ...x!.shape)];
  },
  cost: ([x]) => ({ flops: 5 * elementCount(x!), bytes: 4 * byteLength(x!) }),
  reference({ inputs: [x, delta, weight], outputs: [sum, normed], inputTypes: [type], params, value }) {
    const C = width(type!);
    const count = value(rowsOf(params, type!)) * C;
    for (let i = 0; i < count; i++) sum![i] = x![i]! + delta![i]!;
    for (let offset = 0; offset < count; offset += C) normGroup(sum!, normed!, offset, C, params.eps, weight);
  },
  backward(graph, { inputs: [, , weight], outputs: [sum], params }, [ofSum, ofNormed]) {
    if (ofNormed === undefined) {
      return [ofSum, ofSum, graph.call(fill, [], { type: tensorType(f32, ...weight!.type.shape), value: 0 })[0]];
    }
    const gradients = ofSum === undefined ? [ofNormed] : [ofNormed, ofSum];
    const [ofInputs, ofWeight] = graph.call(addRmsNormBackward, [sum!, weight!, ...gradients], params);
    return [ofInputs, ofInputs, ofWeight];
  },
};
