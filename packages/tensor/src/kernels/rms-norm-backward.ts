/**
 * Gradients of `rms_norm` and `add_rms_norm`, the factor computed anew.
 *
 * With f = 1 / sqrt(mean(x²) + eps) and n elements a group:  dx = f · g·weight − x · f³/n · Σ(g·weight·x),
 * dweight = Σ over groups of g · x · f.   Zhang and Sennrich 2019 (arXiv 1910.07467).
 */
import { type KernelSpec, type NumberArray, ShapeError } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectSameShape, expectVector, type RowParams, rowsOf } from './checks.ts';

export interface RmsNormBackwardParams extends RowParams {
  readonly eps: number;
  /** As in the forward call. Default: the width. */
  readonly group?: number;
}

/**
 * x [T, C], gradient [T, C], weight [group] → dx [T, C], dweight [group]. Without a weight: dx alone.
 * dweight sums over the rows in use, ascending.
 */
export const rmsNormBackward: KernelSpec<RmsNormBackwardParams> = {
  name: 'rms_norm_backward',
  infer(inputs, { group }) {
    expectInputs('rms_norm_backward', inputs, 2, 3);
    const [x, gradient, weight] = inputs;
    expectElement('rms_norm_backward', 'x', x!, 'f32');
    expectSameShape('rms_norm_backward', 'x and gradient', x!, gradient!);
    const size = group ?? width(x!);
    if (width(x!) % size !== 0) {
      throw new ShapeError({
        where: 'rms_norm_backward',
        expected: `a width that is a multiple of ${size}`,
        got: describeType(x!),
      });
    }
    const dx = tensorType(f32, ...x!.shape);
    if (weight === undefined) return [dx];
    expectVector('rms_norm_backward', 'weight', weight, size);
    return [dx, tensorType(f32, ...weight.shape)];
  },
  cost: ([x]) => ({ flops: 11 * elementCount(x!), bytes: 3 * byteLength(x!) }),
  reference({ inputs: [x, gradient, weight], outputs: [dx, dweight], inputTypes: [type], params, value }) {
    const group = params.group ?? width(type!);
    const count = value(rowsOf(params, type!)) * width(type!);
    dweight?.fill(0);
    for (let offset = 0; offset < count; offset += group) {
      normGroupBackward({ x: x!, gradient: gradient!, weight, dx: dx!, dweight }, offset, group, params.eps);
    }
  },
};

/**
 * sum [T, C] (the forward call's), weight [C], gradient of normed [T, C], gradient of sum [T, C] or absent → the gradient
 * that x and delta share [T, C], dweight [C].
 */
export const addRmsNormBackward: KernelSpec<RowParams & { readonly eps: number }> = {
  name: 'add_rms_norm_backward',
  infer(inputs) {
    expectInputs('add_rms_norm_backward', inputs, 3, 4);
    const [sum, weight, ofNormed, ofSum] = inputs;
    expectElement('add_rms_norm_backward', 'sum', sum!, 'f32');
    expectVector('add_rms_norm_backward', 'weight', weight!, width(sum!));
    expectSameShape('add_rms_norm_backward', 'sum and gradient of normed', sum!, ofNormed!);
    if (ofSum !== undefined) expectSameShape('add_rms_norm_backward', 'sum and its gradient', sum!, ofSum);
    return [tensorType(f32, ...sum!.shape), tensorType(f32, ...weight!.shape)];
  },
  cost: ([sum, , , ofSum]) => ({
    flops: 12 * elementCount(sum!),
    bytes: (ofSum === undefined ? 3 : 4) * byteLength(sum!),
  }),
  reference({ inputs: [sum, weight, ofNormed, ofSum], outputs: [dx, dweight], inputTypes: [type], params, value }) {
    const C = width(type!);
    const count = value(rowsOf(params, type!)) * C;
    dweight!.fill(0);
    for (let offset = 0; offset < count; offset += C) {
      normGroupBackward({ x: sum!, gradient: ofNormed!, weight, dx: dx!, dweight }, offset, C, params.eps);
    }
    if (ofSum !== undefined) for (let i = 0; i < count; i++) dx![i] = dx![i]! + ofSum[i]!;
  },
};

interface NormArrays {
  readonly x: NumberArray;
  readonly gradient: NumberArray;
  readonly weight: NumberArray | undefined;
  readonly dx: NumberArray;
  /** Added to. */
  readonly dweight: NumberArray | undefined;
}

function normGroupBackward(arrays: NormArrays, offset: number, group: number, eps: number): void {
  const { x, gradient, weight, dx, dweight } = arrays;
  let squares = 0;
  let product = 0;
  for (let c = 0; c < group; c++) {
    const at = offset + c;
    squares += x[at]! ** 2;
    product += gradient[at]! * x[at]! * (weight === undefined ? 1 : weight[c]!);
  }
  const factor = 1 / Math.sqrt(squares / group + eps);
  const pull = (product * factor ** 3) / group;
  for (let c = 0; c < group; c++) {
    const at = offset + c;
    dx[at] = gradient[at]! * (weight === undefined ? 1 : weight[c]!) * factor - x[at]! * pull;
    if (dweight !== undefined) dweight[c] = dweight[c]! + gradient[at]! * x[at]! * factor;
  }
}
