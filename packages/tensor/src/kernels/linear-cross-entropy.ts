import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, type RowParams, rowsOf } from './checks.ts';
import { linearCrossEntropyAccumulate, linearCrossEntropyBackward } from './linear-cross-entropy-backward.ts';

/**
 * Cross-entropy of an output head, without ever holding the logits of all rows.
 *
 * x [T, C], weight [V, C], targets i32 [T] → losses [T].   loss = logsumexp(x·weightᵀ) − (x·weightᵀ)[target]
 * A negative target gives loss 0: a row that does not count.
 */
export const linearCrossEntropy: KernelSpec<RowParams> = {
  name: 'linear_cross_entropy',
  infer(inputs) {
    expectInputs('linear_cross_entropy', inputs, 3);
    const [x, weight, targets] = inputs;
    expectElement('linear_cross_entropy', 'x', x!, 'f32');
    expectElement('linear_cross_entropy', 'weight', weight!, 'f32');
    expectElement('linear_cross_entropy', 'targets', targets!, 'i32');
    if (weight!.shape.length !== 2 || width(x!) !== width(weight!) || elementCount(targets!) !== rowCount(x!)) {
      throw new ShapeError({
        where: 'linear_cross_entropy',
        expected: 'x [T, C], weight [V, C], targets [T]',
        got: [x, weight, targets].map((type) => describeType(type!)).join(', '),
      });
    }
    return [tensorType(f32, rowCount(x!))];
  },
  cost: ([x, weight]) => ({
    flops: 2 * rowCount(x!) * rowCount(weight!) * width(x!) + 4 * rowCount(x!) * rowCount(weight!),
    bytes: byteLength(x!) + byteLength(weight!) + 8 * rowCount(x!),
  }),
  reference({ inputs: [x, weight, targets], outputs: [losses], inputTypes, params, value }) {
    const C = width(inputTypes[0]!);
    const V = rowCount(inputTypes[1]!);
    const T = value(rowsOf(params, inputTypes[0]!));
    const logits = new Float64Array(V);
    for (let t = 0; t < T; t++) {
      if (targets![t]! < 0) {
        losses![t] = 0;
        continue;
      }
      let largest = Number.NEGATIVE_INFINITY;
      for (let v = 0; v < V; v++) {
        let sum = 0;
        for (let c = 0; c < C; c++) sum += x![t * C + c]! * weight![v * C + c]!;
        logits[v] = sum;
        largest = Math.max(largest, sum);
      }
      let total = 0;
      for (let v = 0; v < V; v++) total += Math.exp(logits[v]! - largest);
      losses![t] = largest + Math.log(total) - logits[targets![t]!]!;
    }
  },
  backward(graph, { inputs, outputs: [losses], params }, [gradient], [, sum]) {
    if (gradient === undefined) return [];
    if (sum === undefined) return graph.call(linearCrossEntropyBackward, [...inputs, losses!, gradient], params);
    return [graph.call(linearCrossEntropyAccumulate, [...inputs, losses!, gradient, sum], params)[0], sum];
  },
};
