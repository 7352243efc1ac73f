/**
 * The best elements of each row, in two dispatches. A row is cut into slices (every so many-th element) whose own best are found
 * first: the k best of all lie in the k slices with the best of these. There an element's place in the result is how many are
 * better. No sorting, no atomics, hardly a barrier, and the same result however the work is shared.
 */
import type { AnyWebGpuKernel, Value, WebGpuKernel } from '@yoco-u/spec';
import { mostTopK, rowCount, rowsOf, type TopKParams, topK, width } from '@yoco-u/tensor';
import { groupsOf, i32, input, loop, mostWorkgroups, output } from './calls.ts';

/** Slices of a row, at most; no fewer than `mostTopK`. */
const mostSlices = 512;
const invocations = 256;

/**
 * An element is compared as (key, index). Keys are in the order of the numbers, 0 and −0 the same and NaN above all: integers, since
 * WGSL promises nothing of NaN.
 */
const orderText = /* wgsl */ `
fn key_of(bits: i32) -> i32 {
  let magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) { return 0x7fffffff; }
  return select(magnitude, -magnitude, bits < 0);
}

fn is_better(a: vec2i, b: vec2i) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}
`;

/** One invocation a slice: slice s of a row has the elements s, s + slices, … */
const slicesText =
  loop(
    'params.rows * params.slices',
    /* wgsl */ `let row = i / params.slices;
var best = vec2i(-0x80000000, 0);
for (var index = i % params.slices; index < params.among; index += params.slices) {
  let own = vec2i(key_of(x[row * params.width + index]), index);
  if (is_better(own, best)) { best = own; }
}
bests[i] = best;`,
  ) + orderText;

/** A workgroup a row. */
const placesText = /* wgsl */ `var<workgroup> chosen: array<vec2i, ${mostTopK}>;

@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let count = min(params.count, params.k);
  let elements = (params.among + params.slices - 1) / params.slices;
  for (var row = i32(group.x); row < params.rows; row += i32(groups.x)) {
    for (var slice = i32(local); slice < params.slices; slice += ${invocations}) {
      let own = bests[row * params.slices + slice];
      var place = 0;
      for (var other = 0; other < params.slices && place < count; other++) {
        place += i32(is_better(bests[row * params.slices + other], own));
      }
      if (place < count) { chosen[place] = own; }
    }
    workgroupBarrier();
    let last = chosen[count - 1];
    for (var i = i32(local); i < count * elements; i += ${invocations}) {
      let index = chosen[i / elements].y % params.slices + (i % elements) * params.slices;
      if (index >= params.among) { continue; }
      let bits = x[row * params.width + index];
      let own = vec2i(key_of(bits), index);
      if (is_better(last, own)) { continue; }
      let place = place_of(row, own, count);
      if (place >= count) { continue; }
      let at = (row * params.k + place) * 2;
      y[at] = bits;
      y[at + 1] = bitcast<i32>(f32(index));
    }
    workgroupBarrier();
  }
}

/** How many elements of the row are better, counted up to \`count\`. */
fn place_of(row: i32, own: vec2i, count: i32) -> i32 {
  var place = 0;
  for (var slice = 0; slice < count; slice++) {
    // the slices behind hold nothing better
    if (!is_better(chosen[slice], own)) { break; }
    for (var index = chosen[slice].y % params.slices; index < params.among && place < count; index += params.slices) {
      place += i32(is_better(vec2i(key_of(x[row * params.width + index]), index), own));
    }
  }
  return place;
}
${orderText}`;

const kernels = {
  topK: {
    abi: 1,
    kernel: topK.name,
    dispatches({ inputs: [x], params }) {
      const rows = rowsOf(params, x!);
      const { k, count = k, among = width(x!) } = params;
      const slices = Math.min(mostSlices, among);
      const bests = { scratch: 'bests', bytes: 8 * rowCount(x!) * slices, element: 'vec2i' } as const;
      const bits = { ...input(0), element: 'i32' } as const;
      const extents = { rows: i32(rows), width: i32(width(x!)), among: i32(among), slices: i32(slices) };
      const wanted = (value: (of: Value) => number): number => (value(count) > 0 ? value(rows) : 0);
      return [
        {
          code: slicesText,
          bindings: { x: bits, bests },
          uniforms: extents,
          workgroups: (value) => groupsOf(wanted(value) * slices),
        },
        {
          code: placesText,
          bindings: { x: bits, bests, y: { ...output(0), element: 'i32' } },
          uniforms: { ...extents, k: i32(k), count: i32(count) },
          workgroups: (value) => [Math.min(mostWorkgroups, wanted(value))],
        },
      ];
    },
  } satisfies WebGpuKernel<TopKParams>,
};

export const topKKernels: readonly AnyWebGpuKernel[] = Object.values(kernels);
