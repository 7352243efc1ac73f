import type { KernelSpec } from '@yoco-u/spec';
import { byteLength, elementCount, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectRows, type RowParams, rowsOf } from './checks.ts';

/** Picks rows: x [T, C], indices i32 [n] → [n, C]. Indices are in [0, T): who fills them checks them. `rows` counts the result. */
export const gatherRows: KernelSpec<RowParams> = {
  name: 'gather_rows',
  infer(inputs) {
    expectInputs('gather_rows', inputs, 2);
    expectElement('gather_rows', 'x', inputs[0]!, 'f32');
    expectElement('gather_rows', 'indices', inputs[1]!, 'i32');
    return [tensorType(f32, elementCount(inputs[1]!), width(inputs[0]!))];
  },
  cost: ([x, indices]) => ({ flops: 0, bytes: 8 * elementCount(indices!) * width(x!) }),
  reference({ inputs: [x, indices], outputs: [y], inputTypes, outputTypes, params, value }) {
    const C = width(inputTypes[0]!);
    const n = value(rowsOf(params, outputTypes[0]!));
    for (let row = 0; row < n; row++) {
      for (let c = 0; c < C; c++) y![row * C + c] = x![indices![row]! * C + c]!;
    }
  },
  backward(graph, { inputs: [x, indices], params }, [gradient]) {
    if (gradient === undefined) return [];
    const sourceRows = rowCount(x!.type);
    return [graph.call(gatherRowsBackward, [gradient, indices!], { ...params, sourceRows })[0]];
  },
};

export interface GatherRowsBackwardParams extends RowParams {
  /** T: rows of the tensor that was gathered from. */
  readonly sourceRows: number;
}

/**
 * Gradient of `gather_rows`: gradient [n, C], indices i32 [n] → [T, C], zero where no index points. `rows` counts the
 * gradient's; rows of one index are added in ascending order.
 */
export const gatherRowsBackward: KernelSpec<GatherRowsBackwardParams> = {
  name: 'gather_rows_backward',
  infer(inputs, { sourceRows }) {
    expectInputs('gather_rows_backward', inputs, 2);
    const [gradient, indices] = inputs;
    expectElement('gather_rows_backward', 'gradient', gradient!, 'f32');
    expectElement('gather_rows_backward', 'indices', indices!, 'i32');
    expectRows('gather_rows_backward', 'gradient', gradient!, elementCount(indices!));
    return [tensorType(f32, sourceRows, width(gradient!))];
  },
  cost: ([gradient], { sourceRows }) => ({
    flops: elementCount(gradient!),
    bytes: 3 * byteLength(gradient!) + 4 * sourceRows * width(gradient!),
  }),
  reference({ inputs: [gradient, indices], outputs: [dx], inputTypes: [type], params, value }) {
    const C = width(type!);
    const n = value(rowsOf(params, type!));
    dx!.fill(0);
    for (let row = 0; row < n; row++) {
      const at = indices![row]! * C;
      for (let c = 0; c < C; c++) dx![at + c] = dx![at + c]! + gradient![row * C + c]!;
    }
  },
};
