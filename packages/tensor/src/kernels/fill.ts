import type { KernelSpec, TensorType } from '@yoco-u/spec';
import { byteLength } from '../shape.ts';

/** A tensor of one value. No inputs. */
export const fill: KernelSpec<{ readonly type: TensorType; readonly value: number }> = {
  name: 'fill',
  infer: (_inputs, { type }) => [type],
  cost: (_inputs, { type }) => ({ flops: 0, bytes: byteLength(type) }),
  reference({ outputs: [out], params }) {
    out!.fill(params.value);
  },
  backward: () => [],
};
