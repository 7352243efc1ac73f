/**
 * Matrix products through workgroup memory, as GPUs like them: the bits of `registerProduct`.
 *
 * Many rows: 256 invocations compute 64 x 64 elements, 16 along k at a time. Few rows: 64 invocations compute an element each, and
 * load the weights together, so that many reads are under way at once.
 */
import { lines } from './calls.ts';
import { type Product, storeFunctions } from './product.ts';

const tile = 64;
const quads = tile / 4;
const depth = 16;
/** Vectors from one k to the next in workgroup memory: odd, so that neighbours lie in different banks. */
const stride = quads + 1;

export const sharedInvocations = quads * quads;
export const sharedBytes = 2 * depth * stride * 16;

export function sharedGroups(m: number, n: number): readonly [number, number] {
  return [Math.ceil(n / tile), Math.ceil(m / tile)];
}

/** Element (place, k) of A or B, the place clamped: what is out of range is computed and not stored. */
function element(kind: Product['b'], name: 'a' | 'b', offset: string): string {
  const most = name === 'a' ? 'M' : 'N';
  const along = (place: string): string => `min(${place}, ${most} - 1)`;
  if (kind === 'columns') return `${name}[${offset} + k * ${most} + ${along('place')}]`;
  if (name === 'a') return `a[(${offset} + ${along('place')}) * K + k]`;
  return `b[${offset} + ${along('place')} * K + k]`;
}

/** Fills a tile; lanes run along what lies together in memory. */
function fill(kind: Product['b'], name: 'a' | 'b', offset: string): string {
  const [quad, k] = kind === 'columns' ? ['lane % 16', 'lane / 16'] : ['lane / 16', 'lane % 16'];
  const first = name === 'a' ? 'first_m' : 'first_n';
  const value =
    kind === 'panels'
      ? 'vec4f(b[(min(place, N - 1) / 8 * K + k) * 2 + (place / 4) % 2])'
      : `vec4f(${[0, 1, 2, 3]
          .map((i) => element(kind, name, offset).replaceAll('place', i === 0 ? 'place' : `(place + ${i})`))
          .join(', ')})`;
  return `{
let quad = ${quad};
let depth = ${k};
let k = min(start + depth, K - 1);
let place = ${first} + 4 * quad;
${name}_tile[depth * ${stride} + quad] = ${value};
}`;
}

export function sharedProduct(product: Product): string {
  const { a, b, offsets = {}, extents, store } = product;
  return `var<workgroup> a_tile: array<vec4f, ${depth * stride}>;
var<workgroup> b_tile: array<vec4f, ${depth * stride}>;

${storeFunctions(store)}@compute @workgroup_size(${sharedInvocations})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
${extents}
let lane = i32(index);
let first_n = i32(group.x) * ${tile};
let first_m = i32(group.y) * ${tile};
let a_offset = ${offsets.a ?? '0'};
let b_offset = ${offsets.b ?? '0'};
let c_offset = ${offsets.c ?? '0'};
let across = lane % 16;
let down = lane / 16;
${lines(4, (r) => `var sum${r} = vec4f();`)}
for (var start = 0; start < K; start += ${depth}) {
${fill(a, 'a', 'a_offset')}
${fill(b, 'b', 'b_offset')}
workgroupBarrier();
let count = min(${depth}, K - start);
for (var k = 0; k < count; k++) {
let x = a_tile[k * ${stride} + down];
let y = b_tile[k * ${stride} + across];
${lines(4, (r) => `sum${r} = fma(vec4f(x[${r}]), y, sum${r});`)}
}
workgroupBarrier();
}
let m = first_m + 4 * down;
let n = first_n + 4 * across;
${lines(4, (r) => `if (m + ${r} < M) { store_four(m + ${r}, n, c_offset + m + ${r}, N, sum${r}); }`)}
}
`;
}

const rowColumns = 64;
const rowDepth = 32;
/** Floats from one panel, or row, of the weights to the next in workgroup memory. */
const panelStride = 8 * rowDepth + 8;
const columnStride = rowDepth + 1;

export const rowBytes = 4 * Math.max((rowColumns / 8) * panelStride, rowColumns * columnStride) + 4 * rowDepth;

/** Workgroups for single rows. */
export function rowGroups(m: number, n: number): readonly [number, number] {
  return [Math.ceil(n / rowColumns), m];
}

/** One row of C a workgroup; B in panels or in rows. */
export function rowProduct(product: Product): string {
  const { b, offsets = {}, extents, store } = product;
  const isPanels = b === 'panels';
  const load = isPanels
    ? `for (var i = lane; i < ${(rowColumns / 8) * rowDepth * 2}; i += ${rowColumns}) {
let panel = i / ${2 * rowDepth};
let k = min(start + (i / 2) % ${rowDepth}, K - 1);
let values = vec4f(b[(min(first / 8 + panel, (N - 1) / 8) * K + k) * 2 + i % 2]);
let at = panel * ${panelStride} + (i % ${2 * rowDepth}) * 4;
weights[at] = values.x;
weights[at + 1] = values.y;
weights[at + 2] = values.z;
weights[at + 3] = values.w;
}`
    : `for (var i = lane; i < ${rowColumns * rowDepth}; i += ${rowColumns}) {
let column = i / ${rowDepth};
let k = min(start + i % ${rowDepth}, K - 1);
weights[column * ${columnStride} + i % ${rowDepth}] = b[b_offset + min(first + column, N - 1) * K + k];
}`;
  const place = isPanels ? `(lane / 8) * ${panelStride} + k * 8 + lane % 8` : `lane * ${columnStride} + k`;
  return `var<workgroup> weights: array<f32, ${isPanels ? (rowColumns / 8) * panelStride : rowColumns * columnStride}>;
var<workgroup> values_a: array<f32, ${rowDepth}>;

${storeFunctions(store)}@compute @workgroup_size(${rowColumns})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
${extents}
let lane = i32(index);
let first = i32(group.x) * ${rowColumns};
let m = i32(group.y);
let a_offset = ${offsets.a ?? '0'};
let b_offset = ${offsets.b ?? '0'};
let c_offset = ${offsets.c ?? '0'};
var sum = 0.0;
for (var start = 0; start < K; start += ${rowDepth}) {
${load}
if (lane < ${rowDepth}) { values_a[lane] = a[(a_offset + m) * K + min(start + lane, K - 1)]; }
workgroupBarrier();
let count = min(${rowDepth}, K - start);
for (var k = 0; k < count; k++) { sum = fma(values_a[k], weights[${place}], sum); }
workgroupBarrier();
}
if (first + lane < N) { store(m, first + lane, c_offset + m, N, sum); }
}
`;
}
