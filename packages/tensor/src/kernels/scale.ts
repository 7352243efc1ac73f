import type { KernelSpec, Value } from '@yoco-u/spec';
import { byteLength, elementCount, f32, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, type RowParams, rowsOf } from './checks.ts';

export interface ScaleParams extends RowParams {
  readonly factor: Value;
}

/** x [T, C] → x · factor [T, C]. */
export const scale: KernelSpec<ScaleParams> = {
  name: 'scale',
  infer(inputs) {
    expectInputs('scale', inputs, 1);
    expectElement('scale', 'x', inputs[0]!, 'f32');
    return [tensorType(f32, ...inputs[0]!.shape)];
  },
  cost: ([x]) => ({ flops: elementCount(x!), bytes: 2 * byteLength(x!) }),
  reference({ inputs: [x], outputs: [y], inputTypes: [type], params, value }) {
    const count = value(rowsOf(params, type!)) * width(type!);
    const factor = value(params.factor);
    for (let i = 0; i < count; i++) y![i] = x![i]! * factor;
  },
  backward: (graph, { params }, [gradient]) => [gradient && graph.call(scale, [gradient], params)[0]],
};
