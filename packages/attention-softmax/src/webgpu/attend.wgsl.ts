/**
 * Softmax attention in WGSL. Keys are taken in splits at absolute positions; within a split block by block with a running maximum
 * and sum, and the splits are merged in ascending order. One invocation does all splits of a (row, head), or, where rows are few, an
 * invocation or a workgroup does one split, and a second dispatch merges them: the same sums in the same order. What is contracted is
 * said, so that compilers cannot choose.
 */
import type { MergeTask } from './attend.ts';
import {
  addressText,
  flatShape,
  type HeadShape,
  headConstants,
  type MemoryName,
  ownText,
  readText,
  segmentText,
} from './wgsl.ts';

/** A score that no key reaches: hidden ones weigh exp(hidden − m) = 0. */
const hidden = '-1e30';

/** `weigh`: takes in the scores of a block, leaves the `weights` of its positions, and returns by what sums so far decay. */
const weighText = /* wgsl */ `
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
function firstVisibleText({ ownOnly }: AttendMemory): string {
  return /* wgsl */ `fn first_visible(segment: Segment, last: i32) -> i32 {
  let earliest = ${ownOnly ? 'segment.start' : '0'};
  return select(earliest, max(earliest, last - params.window + 1), params.window > 0);
}
`;
}

/** A statement for the memory that has a block. */
function ofBlock({ memories }: AttendMemory, statement: (memory: MemoryName) => string): string {
  const [first, second] = memories;
  if (second === undefined) return statement(first!);
  return `if (position < segment.start - segment.start % 8) { ${statement(first!)} } else { ${statement(second)} }`;
}

function memoryText({ memories }: AttendMemory, name: MemoryName, shape: HeadShape): string {
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

/** Invocations of a workgroup that does a split together: the least positions of one, or more for wide heads. */
export const togetherSize = (headDim: number): number => Math.max(64, headDim);

const eight = (line: (lane: number) => string): string =>
  Array.from({ length: 8 }, (_, lane) => `    ${line(lane)}`).join('\n');

/** What an invocation takes in alone: the score of a position, and component n of the values of a block's visible positions. */
const shareText = (memory: MemoryName): string => /* wgsl */ `
fn score_${memory}(segment: Segment, head: i32, at: i32, position: i32, lane: i32) -> f32 {
  let keys = ${memory}_at(segment, 0, head, position);
  var score = 0.0;
  for (var d = 0; d < D; d++) { score = fma(q[at + d], ${memory}_lane_key(keys, d, lane), score); }
  return score * params.scale;
}

fn see_${memory}(segment: Segment, head: i32, position: i32, first: i32, last: i32, n: i32) {
  let values = ${memory}_at(segment, 1, head, position);
  if (first == 0 && last == 7) {
${eight((lane) => `let value${lane} = ${memory}_value(values, ${lane}, n);`)}
${eight((lane) => `sum = fma(weights[${lane}], value${lane}, sum);`)}
    return;
  }
  for (var lane = first; lane <= last; lane++) { sum = fma(weights[lane], ${memory}_value(values, lane, n), sum); }
}
`;

/**
 * As `attendSplitsText`, a workgroup a (split, head, row): first an invocation a position, for its score; then, where all have seen
 * the scores, one a component of the values. Memories are bound as arrays of f32.
 */
export function attendSplitsTogetherText(memory: AttendMemory, headDim: number, splitLength: number): string {
  const shape = flatShape(headDim);
  const size = togetherSize(headDim);
  return /* wgsl */ `${headConstants(shape)}
const split_length: i32 = ${splitLength};
var<workgroup> scores: array<f32, split_length>;
var<private> sum: f32;
${weighText}${segmentText}${memory.memories.map((name) => memoryText(memory, name, shape) + shareText(name)).join('')}
${firstVisibleText(memory)}
@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let own_lane = i32(index);
  let row = i32(group.z);
  let query_head = i32(group.y);
  let head = query_head / params.group;
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  let first = first_visible(segment, last);
  let split = first / split_length + i32(group.x);
  if (split > last / split_length) { return; }
  let begin = max(first, split * split_length);
  let end = min(last, (split + 1) * split_length - 1);
  let at = (row * params.key_value_heads * params.group + query_head) * D;
  for (var place = own_lane; place < split_length; place += ${size}) {
    let lane = place % 8;
    let position = split * split_length + place - lane;
    var score: f32 = ${hidden};
    if (position + lane >= begin && position + lane <= end) {
      ${ofBlock(memory, (name) => `score = score_${name}(segment, head, at, position, lane);`)}
    }
    scores[place] = score;
  }
  workgroupBarrier();
  if (own_lane >= D) { return; }
  for (var position = begin - begin % 8; position <= end; position += 8) {
    let place = position - split * split_length;
    let low = vec4f(scores[place], scores[place + 1], scores[place + 2], scores[place + 3]);
    let high = vec4f(scores[place + 4], scores[place + 5], scores[place + 6], scores[place + 7]);
    sum *= weigh(low, high);
    let first_lane = max(begin - position, 0);
    let last_lane = min(end - position, 7);
    ${ofBlock(memory, (name) => `see_${name}(segment, head, position, first_lane, last_lane, own_lane);`)}
  }
  let place = (row * params.key_value_heads * params.group + query_head) * params.splits + i32(group.x);
  partial[place * D + own_lane] = sum;
  if (own_lane == 0) { partial_statistics[place] = vec2f(largest, total); }
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
