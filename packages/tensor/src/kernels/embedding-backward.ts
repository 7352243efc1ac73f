/** Gradients of `embedding`: y[t] = table[ids[t]] · scale. Rows of one id are added in ascending order of t. */
import { type KernelSpec, type NumberArray, type ReferenceCall, ShapeError, type TensorType } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectRows, type RowParams, rowsOf } from './checks.ts';

export interface EmbeddingGradientParams extends RowParams {
  /** Factor on every element, as in the forward call. */
  readonly scale: number;
}

export interface EmbeddingBackwardParams extends EmbeddingGradientParams {
  /** V: rows of the table. */
  readonly tableRows: number;
}

/**
 * Gradient of the table: ids i32 [T], gradient [T, C] → [V, C], zero where no id points.
 * dtable[ids[t]] += gradient[t] · scale; an id out of range counts as 0, as in the forward call.
 */
export const embeddingBackward: KernelSpec<EmbeddingBackwardParams> = {
  name: 'embedding_backward',
  infer(inputs, { tableRows }) {
    expectInputs('embedding_backward', inputs, 2);
    expectRowsOfIds('embedding_backward', inputs);
    return [tensorType(f32, tableRows, width(inputs[1]!))];
  },
  cost: ([, gradient], { tableRows }) => ({
    flops: 2 * elementCount(gradient!),
    bytes: 3 * byteLength(gradient!) + 4 * tableRows * width(gradient!),
  }),
  reference(call) {
    call.outputs[0]!.fill(0);
    scatterRows(call, call.outputs[0]!, call.params.tableRows);
  },
};

/** `embedding_backward`, added to a state in place: ids i32 [T], gradient [T, C], sum [V, C].   sum[ids[t]] += gradient[t] · scale */
export const embeddingAccumulate: KernelSpec<EmbeddingGradientParams> = {
  name: 'embedding_accumulate',
  updates: [2],
  infer(inputs) {
    expectInputs('embedding_accumulate', inputs, 3);
    const [, gradient, sum] = inputs;
    expectRowsOfIds('embedding_accumulate', inputs);
    expectElement('embedding_accumulate', 'sum', sum!, 'f32');
    if (sum!.shape.length === 2 && width(sum!) === width(gradient!)) return [];
    throw new ShapeError({
      where: 'embedding_accumulate',
      expected: `a sum [V, ${width(gradient!)}]`,
      got: describeType(sum!),
    });
  },
  cost: ([, gradient]) => ({ flops: 2 * elementCount(gradient!), bytes: 3 * byteLength(gradient!) }),
  reference(call) {
    scatterRows(call, call.inputs[2]!, rowCount(call.inputTypes[2]!));
  },
};

function expectRowsOfIds(where: string, [ids, gradient]: readonly TensorType[]): void {
  expectElement(where, 'ids', ids!, 'i32');
  expectElement(where, 'gradient', gradient!, 'f32');
  expectRows(where, 'gradient', gradient!, elementCount(ids!));
}

function scatterRows(
  { inputs: [ids, gradient], inputTypes, params, value }: ReferenceCall<EmbeddingGradientParams>,
  sum: NumberArray,
  V: number,
): void {
  const C = width(inputTypes[1]!);
  const T = value(rowsOf(params, inputTypes[1]!));
  for (let t = 0; t < T; t++) {
    const id = ids![t]! >= 0 && ids![t]! < V ? ids![t]! : 0;
    for (let c = 0; c < C; c++) sum[id * C + c] = sum[id * C + c]! + gradient![t * C + c]! * params.scale;
  }
}
