import { fuse } from '../fuse.ts';
import { rowsOf } from './checks.ts';
import { type RmsNormParams, rmsNorm } from './rms-norm.ts';
import { swiglu } from './swiglu.ts';

/** A gate over normed values: gate [T, C], x [T, C] → silu(gate) · (x / sqrt(mean(x²) + eps)) [T, C], the mean over a group. */
export const rmsNormSwiglu = fuse<RmsNormParams>({
  name: 'rms_norm_swiglu',
  inputs: () => 2,
  expand(graph, [gate, x], params) {
    const [normed] = graph.call(rmsNorm, [x!], params);
    return [graph.call(swiglu, [gate!, normed!], { rows: rowsOf(params, x!.type) })[0]!];
  },
});
