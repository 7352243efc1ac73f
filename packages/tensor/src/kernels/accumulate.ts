import type { KernelSpec } from '@yoco-u/spec';
import { byteLength, elementCount } from '../shape.ts';
import { expectElement, expectInputs, expectSameShape } from './checks.ts';

/** Adds to a state in place: sum += x, both [T, C]. No outputs. */
export const accumulate: KernelSpec = {
  name: 'accumulate',
  updates: [0],
  infer(inputs) {
    expectInputs('accumulate', inputs, 2);
    expectElement('accumulate', 'sum', inputs[0]!, 'f32');
    expectSameShape('accumulate', 'sum and x', inputs[0]!, inputs[1]!);
    return [];
  },
  cost: ([sum]) => ({ flops: elementCount(sum!), bytes: 3 * byteLength(sum!) }),
  reference({ inputs: [sum, x] }) {
    for (let i = 0; i < sum!.length; i++) sum![i] = sum![i]! + x![i]!;
  },
};
