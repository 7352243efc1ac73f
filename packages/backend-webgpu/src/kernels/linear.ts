/** Products with matrices, and their gradients. */
import type {
  AnyWebGpuKernel,
  Value,
  WebGpuBinding,
  WebGpuDevice,
  WebGpuDispatch,
  WebGpuKernel,
  WebGpuWord,
} from '@yoco-u/spec';
import {
  linear,
  linearAdd,
  linearInputBackward,
  linearWeightAccumulate,
  linearWeightBackward,
  type RowParams,
  rowCount,
  rowsOf,
  width,
} from '@yoco-u/tensor';
import { type Call, fewRows, i32, input, output, rowMajor, stored, typeOf } from './calls.ts';
import { matrixParts } from './matrix-parts.ts';
import { type PanelElements, panelFormats } from './panels.ts';
import { type Product, productGroups, registerProduct } from './product.ts';
import { hasQuads, quadExtension, quadGroups, quadProduct } from './quads.ts';
import {
  rowBytes,
  rowGroups,
  rowProduct,
  sharedBytes,
  sharedGroups,
  sharedInvocations,
  sharedProduct,
} from './shared-product.ts';

/** Rows of a tile. */
const tileRows = 8;

export interface ProductCall {
  readonly product: Product;
  readonly bindings: Readonly<Record<string, WebGpuBinding>>;
  readonly uniforms: Readonly<Record<string, WebGpuWord>>;
  /** That the bindings' elements need. */
  readonly extensions?: readonly string[];
  /** Rows of C in a run, and at most. */
  readonly m: Value;
  readonly mostRows: number;
  readonly n: number;
  /** Terms of a sum, where every run has as many. */
  readonly k?: number;
  /** Rows of C in a run, where they are not `m`. */
  readonly rows?: (value: (of: Value) => number) => number;
}

/** A text, and the workgroups that compute so many rows of C with it. */
interface ProductForm {
  readonly code: string;
  readonly extensions?: readonly string[];
  groups(rows: number, n: number): readonly [number, number];
}

const inRegisters = (product: Product, rows: number): ProductForm => ({
  code: registerProduct(product, rows),
  groups: (count, n) => productGroups(count, n, rows),
});

/** The forms for few rows and for many; one, where the same is best for both. */
function formsOf({ product, k }: ProductCall, device: WebGpuDevice): readonly [few: ProductForm, many: ProductForm] {
  const hasRoom = device.workgroupSize >= sharedInvocations && device.workgroupBytes >= Math.max(sharedBytes, rowBytes);
  if (device.tiles === 'registers' || !hasRoom) return [inRegisters(product, 1), inRegisters(product, tileRows)];
  const many = { code: sharedProduct(product), groups: sharedGroups };
  if (product.a === 'columns' || product.b === 'columns') return [many, many];
  if (product.b === 'panels' && k !== undefined && hasQuads(device, k)) {
    return [{ code: quadProduct(product), extensions: [quadExtension], groups: quadGroups }, many];
  }
  return [{ code: rowProduct(product), groups: rowGroups }, many];
}

/** A dispatch for many rows and one for few: in each run one of them has work. */
export function productDispatches(call: ProductCall, device: WebGpuDevice): readonly WebGpuDispatch[] {
  const { bindings, uniforms, extensions = [], m, mostRows, n } = call;
  const rowsIn = call.rows ?? ((value) => value(m));
  const [few, many] = formsOf(call, device);
  const dispatch = (
    { code, extensions: own = [], groups }: ProductForm,
    takes: (count: number) => boolean,
  ): WebGpuDispatch => ({
    code,
    extensions: [...extensions, ...own],
    bindings,
    uniforms,
    workgroups(value) {
      const count = rowsIn(value);
      return takes(count) ? groups(count, n) : [0];
    },
  });
  if (few === many || (typeof m === 'number' && m > fewRows)) return [dispatch(many, () => true)];
  if (mostRows <= fewRows) return [dispatch(few, () => true)];
  return [dispatch(few, (count) => count <= fewRows), dispatch(many, (count) => count > fewRows)];
}

/** Of plain products; uniforms m, n and k. */
export const extents = 'let M = params.m;\nlet N = params.n;\nlet K = params.k;';
export const set = 'c[row * N + n] = value;';
const add = 'c[row * N + n] += value;';

/** `linear`, or `linear_add` with the residual as input 2, of a matrix in panels. */
const linearPanels = ({ format, vector, extensions }: PanelElements, adds: boolean): WebGpuKernel<RowParams> => ({
  abi: 1,
  kernel: adds ? linearAdd.name : linear.name,
  splits: [1],
  select: stored(1, format.name),
  dispatches(call, device) {
    const [x, weight] = call.inputs;
    const m = rowsOf(call.params, x!);
    const parts = matrixParts(weight!, 1, device);
    const isWhole = parts.length === 1;
    // the elements of a part lie within rows that all parts share
    const at = isWhole ? 'row * N + n' : 'row * params.width + params.first + n';
    const store = adds ? `c[${at}] = residual[${at}] + value;` : `c[${at}] = value;`;
    const place = (first: number) => (isWhole ? {} : { first: i32(first), width: i32(rowCount(weight!)) });
    return parts.flatMap(({ first, count, binding }) =>
      productDispatches(
        {
          product: { a: 'rows', b: 'panels', extents, store },
          bindings: {
            a: input(0),
            b: binding(vector),
            ...(adds ? { residual: input(2) } : {}),
            c: output(0),
          },
          extensions,
          uniforms: { m: i32(m), n: i32(count), k: i32(width(x!)), ...place(first) },
          m,
          mostRows: rowCount(x!),
          n: count,
          k: width(x!),
        },
        device,
      ),
    );
  },
});

const linearRows: WebGpuKernel<RowParams> = {
  abi: 1,
  kernel: linear.name,
  select: rowMajor,
  dispatches(call, device) {
    const [x, weight] = call.inputs;
    const m = rowsOf(call.params, x!);
    const n = rowCount(weight!);
    return productDispatches(
      {
        product: { a: 'rows', b: 'rows', extents, store: set },
        bindings: { a: input(0), b: input(1), c: output(0) },
        uniforms: { m: i32(m), n: i32(n), k: i32(width(x!)) },
        m,
        mostRows: rowCount(x!),
        n,
      },
      device,
    );
  },
};

/** gradientᵀ · x: the sum runs over the rows of the run. */
function weightGradient(
  call: Call<RowParams>,
  device: WebGpuDevice,
  c: WebGpuBinding,
  store: string,
): readonly WebGpuDispatch[] {
  const m = width(typeOf(call, 0));
  const n = width(typeOf(call, 1));
  return productDispatches(
    {
      product: { a: 'columns', b: 'columns', extents, store },
      bindings: { a: input(0), b: input(1), c },
      uniforms: { m: i32(m), n: i32(n), k: i32(rowsOf(call.params, typeOf(call, 0))) },
      m,
      mostRows: m,
      n,
    },
    device,
  );
}

const kernels = {
  linearRows,
  linearInputBackward: {
    abi: 1,
    kernel: linearInputBackward.name,
    select: rowMajor,
    dispatches(call, device) {
      const [gradient, weight] = call.inputs;
      const m = rowsOf(call.params, gradient!);
      const n = width(weight!);
      return productDispatches(
        {
          product: { a: 'rows', b: 'columns', extents, store: set },
          bindings: { a: input(0), b: input(1), c: output(0) },
          uniforms: { m: i32(m), n: i32(n), k: i32(width(gradient!)) },
          m,
          mostRows: rowCount(gradient!),
          n,
        },
        device,
      );
    },
  } satisfies WebGpuKernel<RowParams>,
  linearWeightAccumulate: {
    abi: 1,
    kernel: linearWeightAccumulate.name,
    select: rowMajor,
    dispatches: (call, device) => weightGradient(call, device, input(2), add),
  } satisfies WebGpuKernel<RowParams>,
  linearWeightBackward: {
    abi: 1,
    kernel: linearWeightBackward.name,
    select: rowMajor,
    dispatches: (call, device) => weightGradient(call, device, output(0), set),
  } satisfies WebGpuKernel<RowParams>,
};

export const linearKernels: readonly AnyWebGpuKernel[] = [
  ...panelFormats.flatMap((elements) => [linearPanels(elements, false), linearPanels(elements, true)]),
  ...Object.values(kernels),
];
