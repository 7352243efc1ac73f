/**
 * Several products of one input for few rows, in as few dispatches as their operands allow: a workgroup computes a head of one
 * product, so that it can norm and rotate it, with the bits of the kernels that this is fused of.
 */
import type { AnyWebGpuKernel, WebGpuBinding, WebGpuDevice, WebGpuKernel, WebGpuWord } from '@yoco-u/spec';
import {
  type LinearHeadsParams,
  linearHeads,
  type ProductPlaces,
  placesOfHeads,
  rowCount,
  rowsOf,
  width,
} from '@yoco-u/tensor';
import { type Call, f32, fewRows, i32, indent, input, output, rotated, storedAs } from './calls.ts';
import { headSquares, squaresText } from './norms.ts';
import { type PanelElements, panelFormats } from './panels.ts';

/** Storage buffers of a dispatch. */
const mostBindings = 8;

interface Product extends ProductPlaces {
  /** Among the outputs. */
  readonly result: number;
  /** Columns of the product. */
  readonly out: number;
}

function productsOf({ inputs, params }: Call<LinearHeadsParams>): readonly Product[] {
  return placesOfHeads(params).products.map((place, result) => ({
    ...place,
    result,
    out: rowCount(inputs[place.weight]!),
  }));
}

/** x and its norm, the rotation, and of each product its weight, norm and result. */
function bindingCount(products: readonly Product[], normInput: boolean): number {
  const rotated = products.some(({ rotation }) => rotation !== undefined);
  return products.reduce(
    (sum, { norm }) => sum + (norm === undefined ? 2 : 3),
    1 + Number(rotated) + Number(normInput),
  );
}

/** Products in order, as many a dispatch as there are bindings for. */
function inDispatches(products: readonly Product[], normInput: boolean): readonly (readonly Product[])[] {
  const dispatches: Product[][] = [];
  for (const product of products) {
    const last = dispatches.at(-1);
    if (last !== undefined && bindingCount([...last, product], normInput) <= mostBindings) last.push(product);
    else dispatches.push([product]);
  }
  return dispatches;
}

/** Columns that an invocation computes: half a panel, where heads begin at half panels. */
const tileOf = (headDim: number): 1 | 4 => (headDim % 4 === 0 ? 4 : 1);

/** A head of the dispatch's product `index`, from its values to their place. */
function productText(
  { norm, rotation }: Product,
  index: number,
  { tile, headDim, device }: { readonly tile: 1 | 4; readonly headDim: number; readonly device: WebGpuDevice },
): string {
  const load =
    tile === 4
      ? `weight${index}[(n / 8 * params.width + k) * 2 + (n / 4) % 2]`
      : `weight${index}[(n / 8 * params.width + k) * 8 + n % 8]`;
  const product = `if (head * D >= params.out${index}) { return; }
let n = head * D + column;
var values = Element();
for (var k = 0; k < params.width; k++) { values = fma(Element(element(row, k)), Element(${load}), values); }
`;
  const at = `y${index}[row * params.out${index} + head * D + c]`;
  if (norm === undefined && rotation === undefined) {
    return `${product}for (var i = 0; i < TILE && n + i < params.out${index}; i++) {
  let c = column + i;
  ${at} = ${tile === 4 ? 'values[i]' : 'values'};
}`;
  }
  const normed = (c: string): string =>
    norm === undefined ? `whole[${c}]` : `whole[${c}] * factor * norm${index}[${c}]`;
  const turned = `let pair = c % half;
  let a = ${normed('pair')};
  let b = ${normed('pair + half')};
  let cosine = rotation[row * D + pair];
  let sine = rotation[row * D + half + pair];
  if (c < half) { ${at} = ${rotated.first}; } else { ${at} = ${rotated.second}; }`;
  return `${product}for (var i = 0; i < TILE; i++) { whole[column + i] = ${tile === 4 ? 'values[i]' : 'values'}; }
workgroupBarrier();
${norm === undefined ? '' : `${headSquares(headDim, device)}let factor = 1 / sqrt(squares / params.head + params.eps);\n`}for (var c = column; c < column + TILE; c++) {
  ${rotation === undefined ? `${at} = ${normed('c')};` : turned}
}`;
}

function text(
  products: readonly Product[],
  { inputs, params: { headDim, normInput } }: Call<LinearHeadsParams>,
  device: WebGpuDevice,
): string {
  const tile = tileOf(headDim);
  const invocations = headDim / tile;
  const bodies = products.map(
    (product, z) => `  if (group.z == ${z}) {
${indent(productText(product, z, { tile, headDim, device }), 4)}
  }
`,
  );
  const isWhole = products.some(({ norm, rotation }) => norm !== undefined || rotation !== undefined);
  const inputText = normInput
    ? `${squaresText(width(inputs[0]!), device, invocations, 'x[start + c]')}
var<private> input_factor: f32;
fn element(row: i32, k: i32) -> f32 { return x[row * params.width + k] * input_factor * norm[k]; }
`
    : 'fn element(row: i32, k: i32) -> f32 { return x[row * params.width + k]; }\n';
  return `const D: i32 = ${headDim};
const TILE: i32 = ${tile};
alias Element = ${tile === 4 ? 'vec4f' : 'f32'};
${isWhole ? `const half: i32 = D / 2;\nvar<workgroup> whole: array<f32, D>;\n` : ''}${inputText}
@compute @workgroup_size(${invocations})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
${normInput ? '  input_factor = 1 / sqrt(squares_of(row * params.width, i32(index)) / f32(params.width) + params.eps);\n' : ''}${bodies.join('')}}
`;
}

const kernelOf = ({ format, scalar, vector, extensions }: PanelElements): WebGpuKernel<LinearHeadsParams> => ({
  abi: 1,
  kernel: linearHeads.name,
  select(call, device) {
    const { headDim } = call.params;
    if (rowCount(call.inputs[0]!) > fewRows) return 'many rows';
    if (headDim / tileOf(headDim) > device.workgroupSize) return `heads of ${headDim}`;
    return storedAs(format.name, ...placesOfHeads(call.params).products.map(({ weight }) => weight))(call);
  },
  dispatches(call, device) {
    const { inputs, params } = call;
    const { headDim, eps, normInput } = params;
    const element = tileOf(headDim) === 4 ? vector : scalar;
    const rows = rowsOf(params, inputs[0]!);
    return inDispatches(productsOf(call), normInput).map((products) => {
      const bindings: Record<string, WebGpuBinding> = { x: input(0) };
      if (normInput) bindings.norm = input(placesOfHeads(params).inputNorm!);
      // a quotient by a constant may be rounded otherwise
      const uniforms: Record<string, WebGpuWord> = { width: i32(width(inputs[0]!)), head: f32(headDim), eps: f32(eps) };
      for (const [index, { result, weight, norm, rotation, out }] of products.entries()) {
        if (rotation !== undefined) bindings.rotation = input(rotation);
        bindings[`weight${index}`] = { input: weight, element };
        if (norm !== undefined) bindings[`norm${index}`] = input(norm);
        bindings[`y${index}`] = output(result);
        uniforms[`out${index}`] = i32(out);
      }
      const heads = Math.ceil(Math.max(...products.map(({ out }) => out)) / headDim);
      return {
        code: text(products, call, device),
        extensions,
        bindings,
        uniforms,
        workgroups: (value) => [heads, value(rows), products.length],
      };
    });
  },
});

export const linearHeadsKernels: readonly AnyWebGpuKernel[] = panelFormats.map(kernelOf);
