/**
 * Matrix products C[m, n] = Σ A[m, k] · B[k, n], k ascending in one chain of fused multiply-adds: whatever the form, the bits are
 * the same, so that a row's do not depend on how many others there are.
 *
 * `registerProduct`: an invocation computes `rows` x 8 elements and shares nothing. Adapters that run on a CPU like that best.
 */
import { lines } from './calls.ts';

export interface Product {
  /** A[m, k] lies at m·K + k (`rows`) or k·M + m (`columns`). */
  readonly a: 'rows' | 'columns';
  /** B[k, n] lies in panels of eight n, at n·K + k (`rows`) or k·N + n (`columns`). */
  readonly b: 'panels' | 'rows' | 'columns';
  /** Rows of the first that a block skips; added to m where C or A are read and written. */
  readonly offsets?: { readonly a?: string; readonly b?: string; readonly c?: string };
  /** WGSL before the loop: must define M, N, K. */
  readonly extents: string;
  /** WGSL that stores `value`, the element (m, n) of C. `row` is m with the offset of C. */
  readonly store: string;
}

/** Elements of C along n that an invocation computes: the height of a panel. */
const tileColumns = 8;
/** Invocations of a workgroup, side by side along n. */
const groupTiles = 8;

/** Workgroups for C of so many rows and columns, `rows` of them an invocation. */
export function productGroups(m: number, n: number, rows: number): readonly [number, number] {
  return [Math.ceil(n / (tileColumns * groupTiles)), Math.ceil(m / rows)];
}

/** `store` of one element, and of four side by side as far as there are columns. */
export function storeFunctions(store: string): string {
  return `fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  ${store}
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

`;
}

/** Eight elements of B from one row of n, as two vectors `low` and `high`. */
function loadB({ b }: Product): { readonly before: string; readonly load: string } {
  if (b === 'panels') {
    return {
      before: 'var at = tile * K * 2;',
      load: 'let low = vec4f(b[at]);\nlet high = vec4f(b[at + 1]);\nat += 2;',
    };
  }
  const places = (place: string): string =>
    lines(tileColumns, (i) => `let b${i} = ${place.replace('#', `min(n + ${i}, N - 1)`)};`);
  const vector = (from: number, add: string): string =>
    `vec4f(${[0, 1, 2, 3].map((i) => `b[b${from + i}${add}]`).join(', ')})`;
  const step = b === 'rows' ? ' + k' : ' + k * N';
  return {
    before: `let b_first = b_offset;\n${places(b === 'rows' ? 'b_first + # * K' : 'b_first + #')}`,
    load: `let low = ${vector(0, step)};\nlet high = ${vector(4, step)};`,
  };
}

/**
 * All of A is read before any of it is used, from places that are the same for the whole workgroup: compilers for CPUs read those
 * once for all invocations.
 */
export function registerProduct(product: Product, rows: number): string {
  const { a, offsets = {}, extents, store } = product;
  const { before, load } = loadB(product);
  const placeA = (r: number): string => {
    const m = `min(first + ${r}, M - 1)`;
    return a === 'rows' ? `(a_offset + ${m}) * K` : `a_offset + ${m}`;
  };
  const stepA = a === 'rows' ? 'k' : 'k * M';
  return `${storeFunctions(store)}@compute @workgroup_size(${groupTiles})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
${extents}
let tile = i32(id.x);
let n = tile * ${tileColumns};
let first = i32(group.y) * ${rows};
if (n >= N || first >= M) { return; }
let a_offset = ${offsets.a ?? '0'};
let b_offset = ${offsets.b ?? '0'};
let c_offset = ${offsets.c ?? '0'};
${lines(rows, (r) => `var low${r} = vec4f();\nvar high${r} = vec4f();\nlet a${r} = ${placeA(r)};`)}
${before}
for (var k = 0; k < K; k++) {
${load}
${lines(rows, (r) => `let x${r} = vec4f(a[a${r} + ${stepA}]);`)}
${lines(rows, (r) => `low${r} = fma(x${r}, low, low${r});\nhigh${r} = fma(x${r}, high, high${r});`)}
}
${lines(rows, (r) => `if (first + ${r} < M) {\nstore_four(first + ${r}, n, c_offset + first + ${r}, N, low${r});\nstore_four(first + ${r}, n + 4, c_offset + first + ${r}, N, high${r});\n}`)}
}
`;
}
