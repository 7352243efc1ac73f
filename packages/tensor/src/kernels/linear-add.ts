import { fuse } from '../fuse.ts';
import { add } from './add.ts';
import { type RowParams, rowsOf } from './checks.ts';
import { linear } from './linear.ts';

/** A product added to the residual stream: x [T, in], weight [out, in], residual [T, out] → residual + x · weightᵀ [T, out]. */
export const linearAdd = fuse<RowParams>({
  name: 'linear_add',
  inputs: () => 3,
  expand(graph, [x, weight, residual], params) {
    const rows = rowsOf(params, x!.type);
    const [product] = graph.call(linear, [x!, weight!], { rows });
    return [graph.call(add, [residual!, product!], { rows })[0]!];
  },
});
