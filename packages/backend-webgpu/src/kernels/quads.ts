/**
 * Products by quads: four neighbours of a subgroup that hand each other values, without workgroup memory and barriers. Subgroups have 4
 * to 128 invocations, as many as the compiler likes; whole quads have they all, so that texts need not know.
 *
 * A vector of a panel is four columns of one k, where an invocation wants four k's of one column: each of a quad reads another k,
 * and they transpose. Many reads are under way at once, and every sum stays one chain along k, with the bits of the other forms.
 */
import type { WebGpuDevice } from '@yoco-u/spec';
import { indent, lines } from './calls.ts';
import { type Product, storeFunctions } from './product.ts';

/** Whether the device has them, for rows of so many elements: `K / 4` steps. */
export function hasQuads({ tiles, extensions }: WebGpuDevice, width: number): boolean {
  return tiles === 'workgroup' && extensions.includes('subgroups') && width % 4 === 0;
}

/** What texts with quads enable. */
export const quadExtension = 'subgroups';

/** For workgroups of whole quads; all of their invocations call these together. `place` is an invocation's in its quad. */
export const quadText = /* wgsl */ `
/** The values of the quad. */
fn values_of_quad(value: f32) -> vec4f {
  return vec4f(quadBroadcast(value, 0), quadBroadcast(value, 1), quadBroadcast(value, 2), quadBroadcast(value, 3));
}

/** This place's column of the matrix whose rows the quad has. */
fn column_of_quad(row: vec4f, place: i32) -> vec4f {
  let is_odd = place % 2 == 1;
  let near = quadSwapX(select(row.yw, row.xz, is_odd));
  let pairs = select(vec4f(row.x, near.x, row.z, near.y), vec4f(near.x, row.y, near.y, row.w), is_odd);
  let is_second = place >= 2;
  let far = quadSwapY(select(pairs.zw, pairs.xy, is_second));
  return select(vec4f(pairs.xy, far), vec4f(far, pairs.zw), is_second);
}

/** Four links of a chain. */
fn chained(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}
`;

/** Steps whose reads are under way together. */
const stepsAtOnce = 4;

/**
 * WGSL of a loop over k in steps of four, that adds up a column of some matrices in panels: `sums`, by the names of the matrices. `value`
 * is an element of the row, by its k. There must be `place`, and the variable `at`, the first vector that it reads of the column's panel.
 */
export function quadLoop(width: string, value: (k: string) => string, sums: Readonly<Record<string, string>>): string {
  const entries = Object.entries(sums);
  const steps = (count: number): string =>
    `${lines(count, (i) =>
      [
        `let a${i} = ${value(`k + ${4 * i} + place`)};`,
        ...entries.map(([matrix, sum]) => `let ${sum}_row${i} = vec4f(${matrix}[at + ${8 * i}]);`),
      ].join('\n'),
    )}
${lines(count, (i) =>
  [
    `let four${i} = values_of_quad(a${i});`,
    ...entries.map(([, sum]) => `${sum} = chained(four${i}, column_of_quad(${sum}_row${i}, place), ${sum});`),
  ].join('\n'),
)}
at += ${8 * count};`;
  return `${entries.map(([, sum]) => `var ${sum} = 0.0;`).join('\n')}
var k = 0;
for (; k + ${4 * stepsAtOnce} <= ${width}; k += ${4 * stepsAtOnce}) {
${indent(steps(stepsAtOnce), 2)}
}
for (; k < ${width}; k += 4) {
${indent(steps(1), 2)}
}`;
}

const groupColumns = 64;

/** Workgroups for single rows. */
export function quadGroups(m: number, n: number): readonly [number, number] {
  return [Math.ceil(n / groupColumns), m];
}

/** One row of C and 64 columns a workgroup, one each; B in panels, K a multiple of four. */
export function quadProduct({ extents, store }: Product): string {
  return `${quadText}
${storeFunctions(store)}@compute @workgroup_size(${groupColumns})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
${extents}
let n = i32(group.x) * ${groupColumns} + i32(index);
let place = n % 4;
let m = i32(group.y);
let start = m * K;
var at = (min(n / 8, (N - 1) / 8) * K + place) * 2 + (n / 4) % 2;
${quadLoop('K', (k) => `a[start + ${k}]`, { b: 'sum' })}
if (n < N) { store(m, n, m, N, sum); }
}
`;
}
