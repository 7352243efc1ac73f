import { fuse } from '../fuse.ts';
import { type RowParams, rowsOf } from './checks.ts';
import { linear } from './linear.ts';
import { addRmsNorm } from './rms-norm.ts';
import { swiglu } from './swiglu.ts';

/**
 * From the residual stream to the hidden values of a gated feed-forward, in one piece:
 * x [T, C], delta [T, C], weight [C], gate [F, C], up [F, C] → sum [T, C], hidden [T, F].
 *
 * sum = x + delta;  normed = sum · weight / sqrt(mean(sum²) + eps);  hidden = silu(normed · gateᵀ) · (normed · upᵀ)
 */
export const addRmsNormSwiglu = fuse<RowParams & { readonly eps: number }>({
  name: 'add_rms_norm_swiglu',
  inputs: () => 5,
  expand(graph, [x, delta, weight, gate, up], params) {
    const rows = rowsOf(params, x!.type);
    const [sum, normed] = graph.call(addRmsNorm, [x!, delta!, weight!], params);
    const [gated] = graph.call(linear, [normed!, gate!], { rows });
    const [raised] = graph.call(linear, [normed!, up!], { rows });
    return [sum!, graph.call(swiglu, [gated!, raised!], { rows })[0]!];
  },
});
