import type { KernelSpec } from '@yoco-u/spec';
import { byteLength, elementCount, f32, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectSameShape, type RowParams, rowsOf } from './checks.ts';

/** Element by element: a [T, C], b [T, C] → a + b [T, C]. */
export const add: KernelSpec<RowParams> = {
  name: 'add',
  infer(inputs) {
    expectInputs('add', inputs, 2);
    const [a, b] = inputs as [(typeof inputs)[0], (typeof inputs)[0]];
    expectElement('add', 'operands', a, 'f32');
    expectSameShape('add', 'operands', a, b);
    return [tensorType(f32, ...a.shape)];
  },
  cost: ([a]) => ({ flops: elementCount(a!), bytes: 3 * byteLength(a!) }),
  reference({ inputs: [a, b], outputs: [sum], inputTypes: [type], params, value }) {
    const count = value(rowsOf(params, type!)) * width(type!);
    for (let i = 0; i < count; i++) sum![i] = a![i]! + b![i]!;
  },
  backward: (_graph, _call, [gradient]) => [gradient, gradient],
};
