/** How the WebGPU backend runs the kernels: the dispatches of every kernel, with their WGSL. */
import type { AnyWebGpuKernel, CallDescription, Value, WebGpuDispatch, WebGpuKernel, WebGpuWord } from '@yoco-u/spec';
import { type AlibiParams, type AlibiShape, shapeOf } from './params.ts';

const groups = (count: number): number => Math.ceil(count / 64);
const int = (value: Value): WebGpuWord => ({ i32: value });

/** In the text is what loops must know to be fast, and what WGSL cannot take from uniforms: the slopes. */
function head({ heads, keyValueHeads, headDim, slopes }: AlibiShape): string {
  return /* wgsl */ `
const D: i32 = ${headDim};
const heads: i32 = ${heads};
const key_value_heads: i32 = ${keyValueHeads};
const scale: f32 = ${1 / Math.sqrt(headDim)};
const slopes = array<f32, heads>(${slopes.join(', ')});

struct Segment { first_row: i32, rows: i32, slot: i32, start: i32 }

fn segment_of_row(row: i32) -> Segment {
  for (var index = 0; index < params.segment_count; index++) {
    let words = segments[index];
    if (row >= words.x && row < words.x + words.y) { return Segment(words.x, words.y, words.z, words.w); }
  }
  return Segment();
}
`;
}

/** `key` and `value`: where a position's begin, in the rows of the run or in pages. */
const ownRows = /* wgsl */ `
fn earliest(segment: Segment) -> i32 { return segment.start; }
fn row_of(segment: Segment, position: i32) -> i32 {
  return (segment.first_row + position - segment.start) * key_value_heads * D;
}
fn key(at: i32) -> f32 { return k[at]; }
fn value(at: i32) -> f32 { return v[at]; }
`;

const pageRows = /* wgsl */ `
fn earliest(segment: Segment) -> i32 { return 0; }
fn row_of(segment: Segment, position: i32) -> i32 {
  let page = page_table[segment.slot * params.pages_per_sequence + position / params.page_length];
  return (page * params.page_length + position % params.page_length) * 2 * key_value_heads * D;
}
`;

const pageReads = /* wgsl */ `
fn key(at: i32) -> f32 { return pool[at]; }
fn value(at: i32) -> f32 { return pool[at + key_value_heads * D]; }
`;

const score = /* wgsl */ `
fn score_of(query: i32, query_head: i32, distance: i32, at: i32) -> f32 {
  var sum = 0.0;
  for (var d = 0; d < D; d++) { sum = fma(q[query + d], key(at + d), sum); }
  return sum * scale - slopes[query_head] * f32(distance);
}
`;

/** Where an invocation of a (row, head) is. */
const place = /* wgsl */ `
  let row = i32(id.x);
  let query_head = i32(id.y);
  if (row >= params.rows) { return; }
  let segment = segment_of_row(row);
  let position = segment.start + row - segment.first_row;
  let first = earliest(segment);
  let query = (row * heads + query_head) * D;
  let offset = query_head / (heads / key_value_heads) * D;
`;

/** One invocation a (row, head), keys one after the other with a running maximum and sum. */
function attendText(shape: AlibiShape, memory: string): string {
  return /* wgsl */ `${head(shape)}${memory}${score}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {${place}
  var largest = -1e30;
  var total = 0.0;
  var sums: array<f32, D>;
  for (var other = first; other <= position; other++) {
    let at = row_of(segment, other) + offset;
    let found = score_of(query, query_head, position - other, at);
    let most = max(largest, found);
    let decay = exp(largest - most);
    let weight = exp(found - most);
    largest = most;
    total = fma(total, decay, weight);
    for (var d = 0; d < D; d++) { sums[d] = fma(weight, value(at + d), sums[d] * decay); }
  }
  for (var d = 0; d < D; d++) { out[query + d] = sums[d] / total; }
}
`;
}

/** One invocation a (row, head): gradient of its query, and what the second dispatch needs of it. */
function backwardQueriesText(shape: AlibiShape): string {
  return /* wgsl */ `${head(shape)}${ownRows}${score}
fn gradient_value(query: i32, at: i32) -> f32 {
  var sum = 0.0;
  for (var d = 0; d < D; d++) { sum = fma(gradient[query + d], value(at + d), sum); }
  return sum;
}

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {${place}
  var largest = -1e30;
  var total = 0.0;
  var mean = 0.0;
  for (var other = first; other <= position; other++) {
    let at = row_of(segment, other) + offset;
    let found = score_of(query, query_head, position - other, at);
    let most = max(largest, found);
    let decay = exp(largest - most);
    let weight = exp(found - most);
    largest = most;
    total = fma(total, decay, weight);
    mean = fma(weight, gradient_value(query, at), mean * decay);
  }
  mean = mean / total;
  var sums: array<f32, D>;
  for (var other = first; other <= position; other++) {
    let at = row_of(segment, other) + offset;
    let probability = exp(score_of(query, query_head, position - other, at) - largest) / total;
    let of_score = probability * (gradient_value(query, at) - mean) * scale;
    for (var d = 0; d < D; d++) { sums[d] = fma(of_score, key(at + d), sums[d]); }
  }
  for (var d = 0; d < D; d++) { of_q[query + d] = sums[d]; }
  statistics[row * heads + query_head] = vec4f(largest, total, mean, 0.0);
}
`;
}

/** One invocation a (row, key/value head): gradients of its key and value, over all later rows of the segment. */
function backwardKeysText(shape: AlibiShape): string {
  return /* wgsl */ `${head(shape)}${ownRows}${score}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = i32(id.x);
  let key_head = i32(id.y);
  if (row >= params.rows) { return; }
  let segment = segment_of_row(row);
  let at = (row * key_value_heads + key_head) * D;
  var key_sums: array<f32, D>;
  var value_sums: array<f32, D>;
  for (var reader = row; reader < segment.first_row + segment.rows; reader++) {
    for (var member = 0; member < heads / key_value_heads; member++) {
      let query_head = key_head * (heads / key_value_heads) + member;
      let query = (reader * heads + query_head) * D;
      let found = statistics[reader * heads + query_head];
      let probability = exp(score_of(query, query_head, reader - row, at) - found.x) / found.y;
      var of_probability = 0.0;
      for (var d = 0; d < D; d++) { of_probability = fma(gradient[query + d], value(at + d), of_probability); }
      let of_score = probability * (of_probability - found.z) * scale;
      for (var d = 0; d < D; d++) {
        key_sums[d] = fma(of_score, q[query + d], key_sums[d]);
        value_sums[d] = fma(probability, gradient[query + d], value_sums[d]);
      }
    }
  }
  for (var d = 0; d < D; d++) {
    of_k[at + d] = key_sums[d];
    of_v[at + d] = value_sums[d];
  }
}
`;
}

/** One invocation a (row, component of a key). */
function storeText(shape: AlibiShape): string {
  return /* wgsl */ `${head(shape)}${pageRows}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let width = key_value_heads * D;
  let row = i32(id.x);
  let component = i32(id.y);
  if (row >= params.rows) { return; }
  let segment = segment_of_row(row);
  let to = row_of(segment, segment.start + row - segment.first_row) + component;
  pool[to] = k[row * width + component];
  pool[to + width] = v[row * width + component];
}
`;
}

const runWords = ({ rows, segmentCount }: AlibiParams): Record<string, WebGpuWord> => ({
  rows: int(rows),
  segment_count: int(segmentCount),
});

/** Uniforms of texts with pages, from the positions of page table and pool among the inputs. */
function pageWords(call: CallDescription<AlibiParams>, table: number, pool: number): Record<string, WebGpuWord> {
  return {
    ...runWords(call.params),
    page_length: int(call.inputs[pool]!.shape[1]!),
    pages_per_sequence: int(call.inputs[table]!.shape[1]!),
  };
}

const alibi: WebGpuKernel<AlibiParams> = {
  abi: 1,
  kernel: 'attention.alibi',
  dispatches({ inputs: [q, k], params }) {
    const shape = shapeOf(q!, k!.shape[1]!, params);
    return [
      {
        code: attendText(shape, ownRows),
        bindings: {
          q: { input: 0 },
          k: { input: 1 },
          v: { input: 2 },
          segments: { input: 3, element: 'vec4i' },
          out: { output: 0 },
        },
        uniforms: runWords(params),
        workgroups: (value) => [groups(value(params.rows)), shape.heads],
      },
    ];
  },
};

const alibiPaged: WebGpuKernel<AlibiParams> = {
  abi: 1,
  kernel: 'attention.alibi_paged',
  dispatches(call) {
    const { params } = call;
    const [q, , , pool] = call.inputs;
    const shape = shapeOf(q!, pool!.shape[2]! / 2, params);
    return [
      {
        code: attendText(shape, pageRows + pageReads),
        bindings: {
          q: { input: 0 },
          segments: { input: 1, element: 'vec4i' },
          page_table: { input: 2 },
          pool: { input: 3 },
          out: { output: 0 },
        },
        uniforms: pageWords(call, 2, 3),
        workgroups: (value) => [groups(value(params.rows)), shape.heads],
      },
    ];
  },
};

const alibiStore: WebGpuKernel<AlibiParams> = {
  abi: 1,
  kernel: 'attention.alibi_store',
  dispatches(call) {
    const { params } = call;
    const [k] = call.inputs;
    const shape = shapeOf(k!, k!.shape[1]!, params);
    return [
      {
        code: storeText(shape),
        bindings: {
          k: { input: 0 },
          v: { input: 1 },
          segments: { input: 2, element: 'vec4i' },
          page_table: { input: 3 },
          pool: { input: 4 },
        },
        uniforms: pageWords(call, 3, 4),
        workgroups: (value) => [groups(value(params.rows)), k!.shape[1]!],
      },
    ];
  },
};

const alibiBackward: WebGpuKernel<AlibiParams> = {
  abi: 1,
  kernel: 'attention.alibi_backward',
  dispatches({ inputs: [q, k], params }): readonly WebGpuDispatch[] {
    const shape = shapeOf(q!, k!.shape[1]!, params);
    const shared = {
      q: { input: 0 },
      k: { input: 1 },
      v: { input: 2 },
      segments: { input: 3, element: 'vec4i' },
      gradient: { input: 4 },
      statistics: { scratch: 'statistics', bytes: 16 * q!.shape[0]! * shape.heads, element: 'vec4f' },
    } as const;
    return [
      {
        code: backwardQueriesText(shape),
        bindings: { ...shared, of_q: { output: 0 } },
        uniforms: runWords(params),
        workgroups: (value) => [groups(value(params.rows)), shape.heads],
      },
      {
        code: backwardKeysText(shape),
        bindings: { ...shared, of_k: { output: 1 }, of_v: { output: 2 } },
        uniforms: runWords(params),
        workgroups: (value) => [groups(value(params.rows)), shape.keyValueHeads],
      },
    ];
  },
};

export const alibiWebGpuKernels: readonly AnyWebGpuKernel[] = [alibi, alibiBackward, alibiStore, alibiPaged];
