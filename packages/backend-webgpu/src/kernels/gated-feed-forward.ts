/**
 * The hidden values of a gated feed-forward, for few rows: norm, both products and the gate in one dispatch, with the bits of the
 * kernels that it is fused of. For more rows these are faster: the norm, here computed by every workgroup anew, is not free.
 */
import type { AnyWebGpuKernel, WebGpuDevice, WebGpuKernel } from '@yoco-u/spec';
import { addRmsNormSwiglu, type RowParams, rowCount, rowsOf, width } from '@yoco-u/tensor';
import { f32, fewRows, i32, indent, input, output, sigmoid, storedAs } from './calls.ts';
import { squaresText } from './norms.ts';
import { type PanelElements, panelFormats } from './panels.ts';
import { hasQuads, quadExtension, quadLoop, quadText } from './quads.ts';

/** How a workgroup's invocations, side by side along the hidden width, compute its values. */
interface Products {
  readonly lanes: number;
  /** Hidden values of an invocation. */
  readonly columns: number;
  readonly extensions: readonly string[];
  /** WGSL: functions, and statements that store `columns` values of `row`. */
  readonly functions: string;
  readonly body: string;
}

/** An element of the input. */
const normed = (k: string): string => `(x[start + ${k}] + delta[start + ${k}]) * factor * weight[${k}]`;

/** Half a panel an invocation, or all of it where few invocations that do more are better. */
function vectorProducts({ tiles }: WebGpuDevice): Products {
  const halves = tiles === 'registers' ? [0, 1] : [0];
  const lanes = 16;
  const columns = 4 * halves.length;
  const each = (line: (half: number) => string, spaces: number): string =>
    halves.map((half) => ' '.repeat(spaces) + line(half)).join('\n');
  const body = `let n = (i32(group.x) * ${lanes} + lane) * ${columns};
  if (n >= params.hidden) { return; }
  var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
${each((half) => `var gated${half} = vec4f();\n  var raised${half} = vec4f();`, 2)}
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f(${normed('k')});
${each((half) => `gated${half} = fma(normed, vec4f(gate[at + ${half}]), gated${half});`, 4)}
${each((half) => `raised${half} = fma(normed, vec4f(up[at + ${half}]), raised${half});`, 4)}
    at += 2;
  }
${each((half) => `store_four(row, n + ${4 * half}, gated${half}, raised${half});`, 2)}`;
  const functions = `
fn store_four(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) { store(row, n + i, gated[i], raised[i]); }
}
`;
  return { lanes, columns, extensions: [], functions, body };
}

/** One value an invocation. */
const quadProducts: Products = {
  lanes: 64,
  columns: 1,
  extensions: [quadExtension],
  functions: quadText,
  body: `let n = i32(group.x) * 64 + lane;
  let place = n % 4;
  var at = (min(n / 8, (params.hidden - 1) / 8) * params.width + place) * 2 + (n / 4) % 2;
${indent(quadLoop('params.width', normed, { gate: 'gated', up: 'raised' }), 2)}
  if (n < params.hidden) { store(row, n, gated, raised); }`,
};

function text(columns: number, device: WebGpuDevice, { lanes, functions, body }: Products): string {
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
  ${body}
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  ${sigmoid}
  y[row * params.hidden + n] = g * s * raised;
}
${functions}`;
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
    const products = hasQuads(device, width(x!)) ? quadProducts : vectorProducts(device);
    return [
      {
        code: text(width(x!), device, products),
        extensions: [...extensions, ...products.extensions],
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
        workgroups: (value) => [Math.ceil(hidden / (products.lanes * products.columns)), value(rows)],
      },
    ];
  },
});

export const gatedFeedForwardKernels: readonly AnyWebGpuKernel[] = panelFormats.map(kernelOf);
