import type { KernelSpec } from '@yoco-u/spec';
import { byteLength, elementCount, f32, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectSameShape, type RowParams, rowsOf } from './checks.ts';

/** gate [T, F], up [T, F] → silu(gate) · up [T, F], with silu(x) = x · sigmoid(x).   Shazeer 2020 (arXiv 2002.05202). */
export const swiglu: KernelSpec<RowParams> = {
  name: 'swiglu',
  infer(inputs) {
    expectInputs('swiglu', inputs, 2);
    expectElement('swiglu', 'gate', inputs[0]!, 'f32');
    expectSameShape('swiglu', 'gate and up', inputs[0]!, inputs[1]!);
    return [tensorType(f32, ...inputs[0]!.shape)];
  },
  cost: ([gate]) => ({ flops: 5 * elementCount(gate!), bytes: 3 * byteLength(gate!) }),
  reference({ inputs: [gate, up], outputs: [y], inputTypes: [type], params, value }) {
    const count = value(rowsOf(params, type!)) * width(type!);
    for (let i = 0; i < count; i++) y![i] = (gate![i]! / (1 + Math.exp(-gate![i]!))) * up![i]!;
  },
  backward(graph, { inputs: [gate, up], params }, [gradient]) {
    return gradient === undefined ? [] : graph.call(swigluBackward, [gate!, up!, gradient], params);
  },
};

/**
 * Gradient of `swiglu`: gate [T, F], up [T, F], gradient [T, F] → dgate [T, F], dup [T, F].
 * With s = sigmoid(gate):  dgate = gradient · up · s · (1 + gate · (1 − s)),  dup = gradient · gate · s.
 */
export const swigluBackward: KernelSpec<RowParams> = {
  name: 'swiglu_backward',
  infer(inputs) {
    expectInputs('swiglu_backward', inputs, 3);
    const [gate, up, gradient] = inputs;
    for (const type of inputs) expectElement('swiglu_backward', 'gate, up and gradient', type, 'f32');
    expectSameShape('swiglu_backward', 'gate and up', gate!, up!);
    expectSameShape('swiglu_backward', 'gate and gradient', gate!, gradient!);
    const type = tensorType(f32, ...gate!.shape);
    return [type, type];
  },
  cost: ([gate]) => ({ flops: 11 * elementCount(gate!), bytes: 5 * byteLength(gate!) }),
  reference({ inputs: [gate, up, gradient], outputs: [dgate, dup], inputTypes: [type], params, value }) {
    const count = value(rowsOf(params, type!)) * width(type!);
    for (let i = 0; i < count; i++) {
      const s = 1 / (1 + Math.exp(-gate![i]!));
      dgate![i] = gradient![i]! * up![i]! * s * (1 + gate![i]! * (1 - s));
      dup![i] = gradient![i]! * gate![i]! * s;
    }
  },
};
