/**
 * Softmax attention in WGSL. Keys are taken in splits at absolute positions; within a split block by block with a running maximum
 * and sum, and the splits are merged in ascending order. One invocation does all splits of a (row, head), or, where rows are few, an
 * invocation or a workgroup does one split, and a second dispatch merges them: the same sums in the same order. What is contracted is
 * said, so that compilers cannot choose.
 */
import type { MergeTask } from './attend.ts';
import { addressText, type HeadShape, headConstants, type MemoryName, ownText, readText, segmentText } from './wgsl.ts';

/** A score that no key reaches: hidden ones weigh exp(hidden − m) = 0. */
export const hidden = '-1e30';

/** `weigh`: takes in the scores of a block, leaves the `weights` of its positions, and returns by what sums so far decay. */
export const weighText = /* wgsl */ `
var<private> largest: f32 = ${hidden};
var<private> total: f32;
var<private> weights: array<f32, 8>;

fn weigh(low: vec4f, high: vec4f) -> f32 {
  let most = max(max(largest, max(max(low.x, low.y), max(low.z, low.w))), max(max(high.x, high.y), max(high.z, high.w)));
  let decay = exp(largest - most);
  let a = exp(low - most);
  let b = exp(high - most);
  total = fma(total, decay, a.x + a.y + a.z + a.w) + (b.x + b.y + b.z + b.w);
  largest = most;
  weights = array<f32, 8>(a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w);
  return decay;
}
`;

/** Takes in the eight positions of one block of a memory, those of first .. last. */
function seeText(memory: MemoryName): string {
  return /* wgsl */ `
fn see_${memory}(segment: Segment, head: i32, at: i32, position: i32, first: i32, last: i32) {
  let keys = ${memory}_at(segment, 0, head, position);
  let values = ${memory}_at(segment, 1, head, position);
  var low = vec4f();
  var high = vec4f();
  for (var d = 0; d < D; d++) {
    let component = vec4f(q[at + d]);
    low = fma(component, ${memory}_key(keys, d, 0), low);
    high = fma(component, ${memory}_key(keys, d, 1), high);
  }
  let lanes = position + vec4i(0, 1, 2, 3);
  low = select(vec4f(${hidden}), low * params.scale, (lanes >= vec4i(first)) & (lanes <= vec4i(last)));
  high = select(vec4f(${hidden}), high * params.scale, (lanes + 4 >= vec4i(first)) & (lanes + 4 <= vec4i(last)));
  let decay = weigh(low, high);
  for (var n = 0; n < N; n++) { sums[n] *= decay; }
  // entries outside may hold anything: they must not be multiplied by their weight of zero
  let begin = max(first - position, 0);
  let end = min(last - position, 7);
  for (var lane = begin; lane <= end; lane++) {
    let weight = Element(weights[lane]);
    for (var n = 0; n < N; n++) { sums[n] = fma(weight, ${memory}_value(values, lane, n), sums[n]); }
  }
}
`;
}

export interface AttendMemory {
  /** Memories in the order of their positions: a ring's earlier positions, then the run's own. */
  readonly memories: readonly MemoryName[];
  /** Whether a row sees nothing before its segment. */
  readonly ownOnly: boolean;
}

/** First position that a row sees whose own is `last`. */
export function firstVisibleText({ ownOnly }: AttendMemory): string {
  return /* wgsl */ `fn first_visible(segment: Segment, last: i32) -> i32 {
  let earliest = ${ownOnly ? 'segment.start' : '0'};
  return select(earliest, max(earliest, last - params.window + 1), params.window > 0);
}
`;
}

/** A statement for the memory that has a block. */
export function ofBlock({ memories }: AttendMemory, statement: (memory: MemoryName) => string): string {
  const [first, second] = memories;
  if (second === undefined) return statement(first!);
  return `if (position < segment.start - segment.start % 8) { ${statement(first!)} } else { ${statement(second)} }`;
}

export function memoryText({ memories }: AttendMemory, name: MemoryName, shape: HeadShape): string {
  if (name !== 'own') return addressText(name) + readText(name, shape);
  return ownText(memories[0] as 'ring' | 'pool');
}

/** Everything up to `attend_split`, which leaves a split's results in `largest`, `total` and `sums`. */
function splitText(memory: AttendMemory, shape: HeadShape, splitLength: number): string {
  return /* wgsl */ `${headConstants(shape)}
const split_length: i32 = ${splitLength};
var<private> sums: array<Element, N>;
${weighText}${segmentText}${memory.memories.map((name) => memoryText(memory, name, shape) + seeText(name)).join('')}
${firstVisibleText(memory)}
fn attend_split(segment: Segment, row: i32, query_head: i32, split: i32, first: i32, last: i32) {
  largest = ${hidden};
  total = 0.0;
  for (var n = 0; n < N; n++) { sums[n] = Element(); }
  let head = query_head / params.group;
  let at = (row * params.key_value_heads * params.group + query_head) * D;
  let begin = max(first, split * split_length);
  let end = min(last, (split + 1) * split_length - 1);
  for (var position = begin - begin % 8; position <= end; position += 8) {
    ${ofBlock(memory, (name) => `see_${name}(segment, head, at, position, begin, end);`)}
  }
}
`;
}

/** One invocation a (row, head): q, segments, memories → out, and `statistics` where wanted. */
export function attendRowsText(
  memory: AttendMemory,
  shape: HeadShape,
  splitLength: number,
  statistics: boolean,
): string {
  return /* wgsl */ `${splitText(memory, shape, splitLength)}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = i32(id.x);
  let head = i32(id.y);
  if (row >= params.rows) { return; }
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  let first = first_visible(segment, last);
  var merged_largest: f32 = ${hidden};
  var merged_total: f32 = 0.0;
  var merged: array<Element, N>;
  for (var n = 0; n < N; n++) { merged[n] = Element(); }
  for (var split = first / split_length; split <= last / split_length; split++) {
    attend_split(segment, row, head, split, first, last);
    let most = max(merged_largest, largest);
    let before = exp(merged_largest - most);
    let now = exp(largest - most);
    merged_total = fma(total, now, merged_total * before);
    for (var n = 0; n < N; n++) { merged[n] = fma(sums[n], Element(now), merged[n] * before); }
    merged_largest = most;
  }
  let index = row * params.key_value_heads * params.group + head;
  for (var n = 0; n < N; n++) { out[index * N + n] = merged[n] / merged_total; }
  ${statistics ? 'statistics[index] = vec2f(merged_largest, merged_total);' : ''}
}
`;
}

/** One invocation a (split, head, row): q, segments, memories → `partial` and `partial_statistics`. */
export function attendSplitsText(memory: AttendMemory, shape: HeadShape, splitLength: number): string {
  return /* wgsl */ `${splitText(memory, shape, splitLength)}
@compute @workgroup_size(16) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = i32(id.z);
  let head = i32(id.y);
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  let first = first_visible(segment, last);
  let split = first / split_length + i32(id.x);
  if (split > last / split_length) { return; }
  attend_split(segment, row, head, split, first, last);
  let index = (row * params.key_value_heads * params.group + head) * params.splits + i32(id.x);
  for (var n = 0; n < N; n++) { partial[index * N + n] = sums[n]; }
  partial_statistics[index] = vec2f(largest, total);
}
`;
}

/** One invocation an element of out: merges what `attendSplitsText` left. */
export function mergeSplitsText(memory: AttendMemory, shape: HeadShape, splitLength: number, task?: MergeTask): string {
  return /* wgsl */ `${headConstants(shape)}
const split_length: i32 = ${splitLength};
${segmentText}${task?.functions ?? ''}
${firstVisibleText(memory)}
@compute @workgroup_size(16) fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = i32(id.x);
  let head = i32(id.y);
  let row = i32(id.z);
  if (n >= N) { return; }
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  ${task?.body ?? ''}let count = last / split_length - first_visible(segment, last) / split_length + 1;
  let index = row * params.key_value_heads * params.group + head;
  var merged_largest: f32 = ${hidden};
  var merged_total: f32 = 0.0;
  var merged = Element();
  for (var split = 0; split < count; split++) {
    let found = partial_statistics[index * params.splits + split];
    let most = max(merged_largest, found.x);
    let before = exp(merged_largest - most);
    let now = exp(found.x - most);
    merged_total = fma(found.y, now, merged_total * before);
    merged = fma(partial[(index * params.splits + split) * N + n], Element(now), merged * before);
    merged_largest = most;
  }
  out[index * N + n] = merged / merged_total;
}
`;
}
