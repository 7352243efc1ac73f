/** Gradients of `linear`: y = x · weightᵀ. */
import { type KernelSpec, type NumberArray, type ReferenceCall, ShapeError, type TensorType } from '@yoco-u/spec';
import { byteLength, describeType, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectRows, expectSum, type RowParams, rowsOf } from './checks.ts';

/** Gradient of x: gradient [T, out], weight [out, in] → [T, in].   dx = gradient · weight, summed over out ascending. */
export const linearInputBackward: KernelSpec<RowParams> = {
  name: 'linear_input_backward',
  infer(inputs) {
    expectInputs('linear_input_backward', inputs, 2);
    const [gradient, weight] = inputs;
    expectElement('linear_input_backward', 'gradient', gradient!, 'f32');
    expectElement('linear_input_backward', 'weight', weight!, 'f32');
    if (weight!.shape.length !== 2 || width(gradient!) !== weight!.shape[0]) {
      throw new ShapeError({
        where: 'linear_input_backward',
        expected: `a weight [${width(gradient!)}, in] for the gradient ${describeType(gradient!)}`,
        got: describeType(weight!),
      });
    }
    return [tensorType(f32, rowCount(gradient!), width(weight!))];
  },
  cost: ([gradient, weight]) => ({
    flops: 2 * rowCount(gradient!) * rowCount(weight!) * width(weight!),
    bytes: byteLength(gradient!) + byteLength(weight!) + 4 * rowCount(gradient!) * width(weight!),
  }),
  reference({ inputs: [gradient, weight], outputs: [dx], inputTypes, params, value }) {
    const outer = width(inputTypes[0]!);
    const inner = width(inputTypes[1]!);
    const T = value(rowsOf(params, inputTypes[0]!));
    for (let t = 0; t < T; t++) {
      for (let i = 0; i < inner; i++) {
        let sum = 0;
        for (let o = 0; o < outer; o++) sum += gradient![t * outer + o]! * weight![o * inner + i]!;
        dx![t * inner + i] = sum;
      }
    }
  },
};

/** Gradient of the weight: gradient [T, out], x [T, in] → [out, in].   dW = gradientᵀ · x, over the rows in use. */
export const linearWeightBackward: KernelSpec<RowParams> = {
  name: 'linear_weight_backward',
  infer(inputs) {
    expectInputs('linear_weight_backward', inputs, 2);
    return [weightType('linear_weight_backward', inputs)];
  },
  cost: weightCost,
  reference(call) {
    call.outputs[0]!.fill(0);
    addProducts(call, call.outputs[0]!);
  },
};

/** `linear_weight_backward`, added to a state in place: gradient [T, out], x [T, in], sum [out, in].   sum += gradientᵀ · x */
export const linearWeightAccumulate: KernelSpec<RowParams> = {
  name: 'linear_weight_accumulate',
  updates: [2],
  infer(inputs) {
    expectInputs('linear_weight_accumulate', inputs, 3);
    expectSum('linear_weight_accumulate', inputs[2]!, weightType('linear_weight_accumulate', inputs));
    return [];
  },
  cost(inputs) {
    const { flops, bytes } = weightCost(inputs);
    return { flops, bytes: bytes + byteLength(inputs[2]!) };
  },
  reference(call) {
    addProducts(call, call.inputs[2]!);
  },
};

function weightType(where: string, [gradient, x]: readonly TensorType[]): TensorType {
  expectElement(where, 'gradient', gradient!, 'f32');
  expectElement(where, 'x', x!, 'f32');
  expectRows(where, 'gradient', gradient!, rowCount(x!));
  return tensorType(f32, width(gradient!), width(x!));
}

function weightCost([gradient, x]: readonly TensorType[]) {
  return {
    flops: 2 * rowCount(x!) * width(gradient!) * width(x!),
    bytes: byteLength(gradient!) + byteLength(x!) + 4 * width(gradient!) * width(x!),
  };
}

function addProducts({ inputs: [gradient, x], inputTypes, params, value }: ReferenceCall<RowParams>, sum: NumberArray) {
  const outer = width(inputTypes[0]!);
  const inner = width(inputTypes[1]!);
  const T = value(rowsOf(params, inputTypes[1]!));
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      // summed apart, then added: a state gets one rounding a run, not one a row
      let product = 0;
      for (let t = 0; t < T; t++) product += gradient![t * outer + o]! * x![t * inner + i]!;
      sum[o * inner + i] = sum[o * inner + i]! + product;
    }
  }
}
