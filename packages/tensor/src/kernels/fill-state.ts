import type { KernelSpec, Value } from '@yoco-u/spec';
import { byteLength } from '../shape.ts';
import { expectInputs } from './checks.ts';

/** Sets every element of a state, e.g. gradients to 0 before they are added up: state = value. No outputs. */
export const fillState: KernelSpec<{ readonly value: Value }> = {
  name: 'fill_state',
  updates: [0],
  infer(inputs) {
    expectInputs('fill_state', inputs, 1);
    return [];
  },
  cost: ([state]) => ({ flops: 0, bytes: byteLength(state!) }),
  reference({ inputs: [state], params, value }) {
    state!.fill(value(params.value));
  },
};
