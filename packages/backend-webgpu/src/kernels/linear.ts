/** Products with matrices, and their gradients. */
import type { AnyWebGpuKernel, Value, WebGpuBinding, WebGpuDispatch, WebGpuKernel, WebGpuWord } from '@yoco-u/spec';
import {
  f32 as f32Format,
  f32Panels8,
  linear,
  linearInputBackward,
  linearWeightAccumulate,
  linearWeightBackward,
  type RowParams,
  rowCount,
  rowsOf,
  width,
} from '@yoco-u/tensor';
import { type Call, i32, input, output, rowMajor, stored, typeOf } from './calls.ts';
import { type Product, productGroups, registerProduct } from './product.ts';

/** Rows of a tile. */
const tileRows = 8;
/** So few rows are better computed one by one. */
const fewRows = 3;

export interface ProductCall {
  readonly product: Product;
  readonly bindings: Readonly<Record<string, WebGpuBinding>>;
  readonly uniforms: Readonly<Record<string, WebGpuWord>>;
  /** Rows of C in a run, and at most. */
  readonly m: Value;
  readonly mostRows: number;
  readonly n: number;
  /** Rows of C in a run, where they are not `m`. */
  readonly rows?: (value: (of: Value) => number) => number;
  /** Runs even where there are no rows. */
  readonly always?: boolean;
}

/** A dispatch for many rows and one for few: in each run one of them has work. */
export function productDispatches(call: ProductCall): readonly WebGpuDispatch[] {
  const { product, bindings, uniforms, m, mostRows, n } = call;
  const rowsIn = call.rows ?? ((value) => value(m));
  const dispatch = (rows: number, takes: (count: number) => boolean): WebGpuDispatch => ({
    code: registerProduct(product, rows),
    bindings,
    uniforms,
    workgroups(value) {
      const count = rowsIn(value);
      return takes(count) ? productGroups(count, n, rows) : [0];
    },
  });
  if (mostRows <= fewRows) return [dispatch(1, () => true)];
  if (typeof m === 'number' && m > fewRows) return [dispatch(tileRows, () => true)];
  return [dispatch(1, (count) => count <= fewRows), dispatch(tileRows, (count) => count > fewRows)];
}

const extents = 'let M = params.m;\nlet N = params.n;\nlet K = params.k;';
const set = 'c[row * N + n] = value;';
const add = 'c[row * N + n] += value;';

const linearFrom = (format: string, b: Product['b']): WebGpuKernel<RowParams> => ({
  abi: 1,
  kernel: linear.name,
  select: stored(1, format),
  dispatches(call) {
    const [x, weight] = call.inputs;
    const m = rowsOf(call.params, x!);
    const n = rowCount(weight!);
    return productDispatches({
      product: { a: 'rows', b, extents, store: set },
      bindings: { a: input(0), b: { input: 1, element: b === 'panels' ? 'vec4f' : 'f32' }, c: output(0) },
      uniforms: { m: i32(m), n: i32(n), k: i32(width(x!)) },
      m,
      mostRows: rowCount(x!),
      n,
    });
  },
});

/** gradientᵀ · x: the sum runs over the rows of the run. */
function weightGradient(call: Call<RowParams>, c: WebGpuBinding, store: string): readonly WebGpuDispatch[] {
  const m = width(typeOf(call, 0));
  const n = width(typeOf(call, 1));
  return productDispatches({
    product: { a: 'columns', b: 'columns', extents, store },
    bindings: { a: input(0), b: input(1), c },
    uniforms: { m: i32(m), n: i32(n), k: i32(rowsOf(call.params, typeOf(call, 0))) },
    m,
    mostRows: m,
    n,
  });
}

const kernels = {
  linearPanels: linearFrom(f32Panels8.name, 'panels'),
  linear: linearFrom(f32Format.name, 'rows'),
  linearInputBackward: {
    abi: 1,
    kernel: linearInputBackward.name,
    select: rowMajor,
    dispatches(call) {
      const [gradient, weight] = call.inputs;
      const m = rowsOf(call.params, gradient!);
      const n = width(weight!);
      return productDispatches({
        product: { a: 'rows', b: 'columns', extents, store: set },
        bindings: { a: input(0), b: input(1), c: output(0) },
        uniforms: { m: i32(m), n: i32(n), k: i32(width(gradient!)) },
        m,
        mostRows: rowCount(gradient!),
        n,
      });
    },
  } satisfies WebGpuKernel<RowParams>,
  linearWeightAccumulate: {
    abi: 1,
    kernel: linearWeightAccumulate.name,
    select: rowMajor,
    dispatches: (call) => weightGradient(call, input(2), add),
  } satisfies WebGpuKernel<RowParams>,
  linearWeightBackward: {
    abi: 1,
    kernel: linearWeightBackward.name,
    select: rowMajor,
    dispatches: (call) => weightGradient(call, output(0), set),
  } satisfies WebGpuKernel<RowParams>,
};

export const linearKernels: readonly AnyWebGpuKernel[] = Object.values(kernels);
