import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { describeType, elementCount, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, type RowParams, rowsOf } from './checks.ts';
import { embeddingAccumulate, embeddingBackward } from './embedding-backward.ts';

export interface EmbeddingParams extends RowParams {
  /** Factor on every element; 1 leaves the rows as they are. */
  readonly scale: number;
}

/**
 * Row gather from a table: ids i32 [T], table [V, C] → [T, C].   y[t] = table[ids[t]] · scale
 * An id out of range reads row 0: who fills `ids` checks them.
 */
export const embedding: KernelSpec<EmbeddingParams> = {
  name: 'embedding',
  infer(inputs) {
    expectInputs('embedding', inputs, 2);
    const [ids, table] = inputs;
    expectElement('embedding', 'ids', ids!, 'i32');
    expectElement('embedding', 'table', table!, 'f32');
    if (table!.shape.length !== 2) {
      throw new ShapeError({ where: 'embedding', expected: 'a table [V, C]', got: describeType(table!) });
    }
    return [tensorType(f32, elementCount(ids!), width(table!))];
  },
  cost: ([ids, table]) => {
    const elements = elementCount(ids!) * width(table!);
    return { flops: elements, bytes: 8 * elements };
  },
  reference({ inputs: [ids, table], outputs: [y], inputTypes, params, value }) {
    const C = width(inputTypes[1]!);
    const V = rowCount(inputTypes[1]!);
    const T = value(rowsOf(params, tensorType(f32, elementCount(inputTypes[0]!), 1)));
    for (let t = 0; t < T; t++) {
      const id = ids![t]! >= 0 && ids![t]! < V ? ids![t]! : 0;
      for (let c = 0; c < C; c++) y![t * C + c] = table![id * C + c]! * params.scale;
    }
  },
  backward(graph, { inputs: [ids, table], params }, [gradient], [, sum]) {
    if (gradient === undefined) return [];
    if (sum === undefined) {
      const tableRows = rowCount(table!.type);
      return [undefined, graph.call(embeddingBackward, [ids!, gradient], { ...params, tableRows })[0]];
    }
    graph.call(embeddingAccumulate, [ids!, gradient, sum], params);
    return [undefined, sum];
  },
};
