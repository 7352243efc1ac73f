import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { byteLength, describeType, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, type RowParams, rowsOf } from './checks.ts';
import { linearInputBackward, linearWeightAccumulate, linearWeightBackward } from './linear-backward.ts';

/**
 * Matrix product with a weight stored [out, in]: x [T, in], weight [out, in] → y [T, out].   y = x · weightᵀ
 * Devices sum over the inner axis in one ascending chain, so that a row's bits depend on no other row.
 */
export const linear: KernelSpec<RowParams> = {
  name: 'linear',
  infer(inputs) {
    expectInputs('linear', inputs, 2);
    const [x, weight] = inputs;
    expectElement('linear', 'x', x!, 'f32');
    expectElement('linear', 'weight', weight!, 'f32');
    if (weight!.shape.length !== 2 || width(x!) !== width(weight!)) {
      throw new ShapeError(
        `linear: inner sizes differ: x ${describeType(x!)} x weight ${describeType(weight!)}; weight must be [out, ${width(x!)}]`,
      );
    }
    return [tensorType(f32, rowCount(x!), weight!.shape[0]!)];
  },
  cost: ([x, weight]) => ({
    flops: 2 * rowCount(x!) * rowCount(weight!) * width(x!),
    bytes: byteLength(x!) + byteLength(weight!) + 4 * rowCount(x!) * rowCount(weight!),
  }),
  reference({ inputs: [x, weight], outputs: [y], inputTypes, params, value }) {
    const [xType, weightType] = inputTypes;
    const inner = width(xType!);
    const outer = rowCount(weightType!);
    const T = value(rowsOf(params, xType!));
    for (let t = 0; t < T; t++) {
      for (let o = 0; o < outer; o++) {
        let sum = 0;
        for (let i = 0; i < inner; i++) sum += x![t * inner + i]! * weight![o * inner + i]!;
        y![t * outer + o] = sum;
      }
    }
  },
  backward(graph, { inputs: [x, weight], params }, [gradient], [, sum]) {
    if (gradient === undefined) return [];
    const ofInput = graph.call(linearInputBackward, [gradient, weight!], params)[0];
    if (sum === undefined) return [ofInput, graph.call(linearWeightBackward, [gradient, x!], params)[0]];
    graph.call(linearWeightAccumulate, [gradient, x!, sum], params);
    return [ofInput, sum];
  },
};
