/**
 * Gradients of `linear_cross_entropy`, the logits computed anew a few rows at a time.
 *
 * With p = softmax(x · weightᵀ):  dlogits[t, v] = gradient[t] · (p[t, v] − (v = targets[t])), zero in rows of negative
 * target;  dx = dlogits · weight,  dweight = dlogitsᵀ · x.
 */
import { type KernelSpec, type NumberArray, type ReferenceCall, ShapeError, type TensorType } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectSum, type RowParams, rowsOf } from './checks.ts';

/**
 * x [T, C], weight [V, C], targets i32 [T], losses [T] (the forward call's), gradient [T] → dx [T, C], dweight [V, C].
 * losses + logits[target] = logsumexp(logits): a device needs one pass over the vocabulary, not two.
 */
export const linearCrossEntropyBackward: KernelSpec<RowParams> = {
  name: 'linear_cross_entropy_backward',
  infer(inputs) {
    expectInputs('linear_cross_entropy_backward', inputs, 5);
    return inferGradients('linear_cross_entropy_backward', inputs);
  },
  cost: gradientCost,
  reference(call) {
    call.outputs[1]!.fill(0);
    addGradients(call, call.outputs[1]!);
  },
};

/**
 * `linear_cross_entropy_backward` with dweight added to a state in place: x [T, C], weight [V, C], targets i32 [T],
 * losses [T], gradient [T], sum [V, C] → dx [T, C].   sum += dweight
 */
export const linearCrossEntropyAccumulate: KernelSpec<RowParams> = {
  name: 'linear_cross_entropy_accumulate',
  updates: [5],
  infer(inputs) {
    expectInputs('linear_cross_entropy_accumulate', inputs, 6);
    const [dx, dweight] = inferGradients('linear_cross_entropy_accumulate', inputs);
    expectSum('linear_cross_entropy_accumulate', inputs[5]!, dweight);
    return [dx];
  },
  cost(inputs) {
    const { flops, bytes } = gradientCost(inputs);
    return { flops, bytes: bytes + byteLength(inputs[5]!) };
  },
  reference(call) {
    addGradients(call, call.inputs[5]!);
  },
};

function inferGradients(where: string, inputs: readonly TensorType[]): [TensorType, TensorType] {
  const [x, weight, targets, losses, gradient] = inputs;
  for (const type of [x, weight, losses, gradient]) expectElement(where, 'x, weight, losses, gradient', type!, 'f32');
  expectElement(where, 'targets', targets!, 'i32');
  const T = rowCount(x!);
  const counts = [targets, losses, gradient].map((type) => elementCount(type!));
  if (weight!.shape.length !== 2 || width(x!) !== width(weight!) || counts.some((count) => count !== T)) {
    throw new ShapeError({
      where,
      expected: 'x [T, C], weight [V, C], targets [T], losses [T], gradient [T]',
      got: inputs.slice(0, 5).map(describeType).join(', '),
    });
  }
  return [tensorType(f32, ...x!.shape), tensorType(f32, ...weight!.shape)];
}

function gradientCost([x, weight]: readonly TensorType[]) {
  const T = rowCount(x!);
  const V = rowCount(weight!);
  return { flops: 6 * T * V * width(x!) + 4 * T * V, bytes: 2 * byteLength(x!) + 2 * byteLength(weight!) + 12 * T };
}

/** Writes dx and adds to `sum`. */
function addGradients({ inputs, outputs, inputTypes, params, value }: ReferenceCall<RowParams>, sum: NumberArray) {
  const [x, weight, targets, losses, gradient] = inputs;
  const dx = outputs[0]!;
  const C = width(inputTypes[0]!);
  const V = rowCount(inputTypes[1]!);
  const T = value(rowsOf(params, inputTypes[0]!));
  const logits = new Float64Array(V);
  // summed apart, then added: a state gets one rounding a run, not one a row
  const dweight = new Float64Array(V * C);
  for (let t = 0; t < T; t++) {
    dx.fill(0, t * C, (t + 1) * C);
    const target = targets![t]!;
    if (target < 0) continue;
    for (let v = 0; v < V; v++) {
      let product = 0;
      for (let c = 0; c < C; c++) product += x![t * C + c]! * weight![v * C + c]!;
      logits[v] = product;
    }
    const logSum = losses![t]! + logits[target]!;
    const row = new Float64Array(C);
    for (let v = 0; v < V; v++) {
      const ofLogit = gradient![t]! * (Math.exp(logits[v]! - logSum) - (v === target ? 1 : 0));
      for (let c = 0; c < C; c++) {
        row[c] = row[c]! + ofLogit * weight![v * C + c]!;
        dweight[v * C + c] = dweight[v * C + c]! + ofLogit * x![t * C + c]!;
      }
    }
    dx.set(row, t * C);
  }
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + dweight[i]!;
}
