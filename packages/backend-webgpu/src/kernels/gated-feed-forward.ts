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

/** Hidden values of an invocation: half a panel, or all of it where few invocations that do more are better. */
const tileOf = ({ tiles }: WebGpuDevice): 4 | 8 => (tiles === 'registers' ? 8 : 4);

function text(columns: number, device: WebGpuDevice): string {
  const tile = tileOf(device);
  const halves = tile === 8 ? [0, 1] : [0];
  const each = (line: (half: number) => string, spaces: number): string =>
    halves.map((half) => ' '.repeat(spaces) + line(half)).join('\n');
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
  var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
${each((half) => `var gated${half} = vec4f();\n  var raised${half} = vec4f();`, 2)}
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f((x[start + k] + delta[start + k]) * factor * weight[k]);
${each((half) => `gated${half} = fma(normed, vec4f(gate[at + ${half}]), gated${half});`, 4)}
${each((half) => `raised${half} = fma(normed, vec4f(up[at + ${half}]), raised${half});`, 4)}
    at += 2;
  }
${each((half) => `store(row, n + ${4 * half}, gated${half}, raised${half});`, 2)}
}

fn store(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) {
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
        workgroups: (value) => [Math.ceil(hidden / (lanes * tileOf(device))), value(rows)],
      },
    ];
  },
});

export const gatedFeedForwardKernels: readonly AnyWebGpuKernel[] = panelFormats.map(kernelOf);
