/**
 * The hidden values of a gated feed-forward, for few rows: norm, both products and the gate in one dispatch, with the bits of the
 * kernels that it is fused of. For more rows these are faster: the norm, here computed by every workgroup anew, is not free.
 */
import type { AnyWebGpuKernel, WebGpuDevice, WebGpuKernel } from '@yoco-u/spec';
import { addRmsNormSwiglu, type RowParams, rowCount, rowsOf, width } from '@yoco-u/tensor';
import { f32, fewRows, i32, input, output, sigmoid, storedAs } from './calls.ts';
import { squaresText } from './norms.ts';
import { type PanelElements, panelFormats } from './panels.ts';

/** Invocations of a workgroup, side by side along the hidden width. */
const lanes = 16;
/** Hidden values of an invocation: half a panel. */
const tile = 4;

function text(columns: number, device: WebGpuDevice): string {
  return `${squaresText(columns, device, lanes, 'x[start + c] + delta[start + c]')}
@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += ${lanes}) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = (i32(group.x) * ${lanes} + lane) * ${tile};
  if (n >= params.hidden) { return; }
  let first = (n / 8 * params.width) * 2 + (n / 4) % 2;
  var gated = vec4f();
  var raised = vec4f();
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f((x[start + k] + delta[start + k]) * factor * weight[k]);
    gated = fma(normed, vec4f(gate[first + 2 * k]), gated);
    raised = fma(normed, vec4f(up[first + 2 * k]), raised);
  }
  for (var i = 0; i < min(${tile}, params.hidden - n); i++) {
    let g = gated[i];
    ${sigmoid}
    y[row * params.hidden + n + i] = g * s * raised[i];
  }
}
`;
}

const kernelOf = ({
  format,
  vector,
  extensions,
}: PanelElements): WebGpuKernel<RowParams & { readonly eps: number }> => ({
  abi: 1,
  kernel: addRmsNormSwiglu.name,
  select: (call) => (rowCount(call.inputs[0]!) <= fewRows ? storedAs(format.name, 3, 4)(call) : 'many rows'),
  dispatches({ inputs: [x, , , gate], params }, device) {
    const hidden = rowCount(gate!);
    const rows = rowsOf(params, x!);
    return [
      {
        code: text(width(x!), device),
        extensions,
        bindings: {
          x: input(0),
          delta: input(1),
          weight: input(2),
          gate: { input: 3, element: vector },
          up: { input: 4, element: vector },
          sum: output(0),
          y: output(1),
        },
        uniforms: { width: i32(width(x!)), hidden: i32(hidden), eps: f32(params.eps) },
        workgroups: (value) => [Math.ceil(hidden / (lanes * tile)), value(rows)],
      },
    ];
  },
});

export const gatedFeedForwardKernels: readonly AnyWebGpuKernel[] = panelFormats.map(kernelOf);
