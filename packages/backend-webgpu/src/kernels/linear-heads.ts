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
import { hasQuads, quadExtension, quadLoop, quadText } from './quads.ts';

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

/** How a workgroup computes a head: columns of an invocation, and whether in quads. */
interface Tiling {
  readonly tile: 1 | 4 | 8;
  readonly quads: boolean;
}

/** A column in quads, else half a panel or all of it, where heads begin there. */
function tilingOf({ inputs, params: { headDim } }: Call<LinearHeadsParams>, device: WebGpuDevice): Tiling {
  const isFourfold = headDim % 4 === 0;
  if (isFourfold && headDim <= device.workgroupSize && hasQuads(device, width(inputs[0]!))) {
    return { tile: 1, quads: true };
  }
  if (device.tiles === 'registers' && headDim % 8 === 0) return { tile: 8, quads: false };
  return { tile: isFourfold ? 4 : 1, quads: false };
}

/** A loop over k that leaves the columns of product `index` in `values0` and, of a whole panel, `values1`. */
function sumsText({ tile, quads }: Tiling, index: number): string {
  if (quads) {
    return `let place = n % 4;
var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
${quadLoop('params.width', (k) => `element(start + ${k}, ${k})`, { [`weight${index}`]: 'values0' })}
`;
  }
  const halves = tile === 8 ? [0, 1] : [0];
  const step = tile === 1 ? 8 : 2;
  return `var at = ${tile === 1 ? 'n / 8 * params.width * 8 + n % 8' : '(n / 8 * params.width) * 2 + (n / 4) % 2'};
${halves.map((half) => `var values${half} = Element();\n`).join('')}for (var k = 0; k < params.width; k++) {
  let value = Element(element(start + k, k));
${halves.map((half) => `  values${half} = fma(value, Element(weight${index}[at + ${half}]), values${half});\n`).join('')}  at += ${step};
}
`;
}

/** A head of the dispatch's product `index`, from its values to their place. */
function productText(
  { norm, rotation }: Product,
  index: number,
  { tiling, headDim, device }: { readonly tiling: Tiling; readonly headDim: number; readonly device: WebGpuDevice },
): string {
  const product = `if (head * D >= params.out${index}) { return; }
let n = head * D + column;
${sumsText(tiling, index)}`;
  /** `line` for every column: its place in the head, and its value. */
  const columns = (line: (c: string, value: string) => string): string =>
    tiling.tile === 1
      ? line('column', 'values0')
      : (tiling.tile === 8 ? [0, 1] : [0])
          .map((h) => `for (var i = 0; i < 4; i++) { ${line(`column + ${4 * h} + i`, `values${h}[i]`)} }`)
          .join('\n');
  const place = (c: string): string => `y${index}[row * params.out${index} + head * D + ${c}]`;
  if (norm === undefined && rotation === undefined) {
    return product + columns((c, value) => `if (head * D + ${c} < params.out${index}) { ${place(c)} = ${value}; }`);
  }
  const normed = (c: string): string =>
    norm === undefined ? `whole[${c}]` : `whole[${c}] * factor * norm${index}[${c}]`;
  const turned = `let pair = c % half;
  let a = ${normed('pair')};
  let b = ${normed('pair + half')};
  let cosine = rotation[row * D + pair];
  let sine = rotation[row * D + half + pair];
  if (c < half) { ${place('c')} = ${rotated.first}; } else { ${place('c')} = ${rotated.second}; }`;
  return `${product}${columns((c, value) => `whole[${c}] = ${value};`)}
workgroupBarrier();
${norm === undefined ? '' : `${headSquares(headDim, device)}let factor = 1 / sqrt(squares / params.head + params.eps);\n`}for (var c = column; c < column + TILE; c++) {
  ${rotation === undefined ? `${place('c')} = ${normed('c')};` : turned}
}`;
}

function text(products: readonly Product[], call: Call<LinearHeadsParams>, device: WebGpuDevice): string {
  const { inputs, params } = call;
  const { headDim, normInput } = params;
  const tiling = tilingOf(call, device);
  const { tile, quads } = tiling;
  const invocations = headDim / tile;
  const bodies = products.map(
    (product, z) => `  if (group.z == ${z}) {
${indent(productText(product, z, { tiling, headDim, device }), 4)}
  }
`,
  );
  const isWhole = products.some(({ norm, rotation }) => norm !== undefined || rotation !== undefined);
  const inputText = normInput
    ? `${squaresText(width(inputs[0]!), device, invocations, 'x[start + c]')}
var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }
`
    : 'fn element(at: i32, k: i32) -> f32 { return x[at]; }\n';
  return `const D: i32 = ${headDim};
const TILE: i32 = ${tile};
alias Element = ${tile === 1 ? 'f32' : 'vec4f'};
${quads ? quadText : ''}${isWhole ? `const half: i32 = D / 2;\nvar<workgroup> whole: array<f32, D>;\n` : ''}${inputText}
@compute @workgroup_size(${invocations})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
${normInput ? '  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);\n' : ''}${bodies.join('')}}
`;
}

const kernelOf = ({ format, scalar, vector, extensions }: PanelElements): WebGpuKernel<LinearHeadsParams> => ({
  abi: 1,
  kernel: linearHeads.name,
  select(call, device) {
    const { headDim } = call.params;
    if (rowCount(call.inputs[0]!) > fewRows) return 'many rows';
    if (headDim / tilingOf(call, device).tile > device.workgroupSize) return `heads of ${headDim}`;
    return storedAs(format.name, ...placesOfHeads(call.params).products.map(({ weight }) => weight))(call);
  },
  dispatches(call, device) {
    const { inputs, params } = call;
    const { headDim, eps, normInput } = params;
    const { tile, quads } = tilingOf(call, device);
    const element = tile === 1 && !quads ? scalar : vector;
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
        extensions: [...extensions, ...(quads ? [quadExtension] : [])],
        bindings,
        uniforms,
        workgroups: (value) => [heads, value(rows), products.length],
      };
    });
  },
});

export const linearHeadsKernels: readonly AnyWebGpuKernel[] = panelFormats.map(kernelOf);
