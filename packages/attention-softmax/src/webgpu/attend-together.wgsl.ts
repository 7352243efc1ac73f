/** A split of the keys of a (row, head) by a workgroup, as GPUs like it: the sums of `attendSplitsText` in their order. */
import { type AttendMemory, firstVisibleText, hidden, memoryText, ofBlock, weighText } from './attend.wgsl.ts';
import { flatShape, headConstants, type MemoryName, segmentText } from './wgsl.ts';

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
 * A workgroup a (split, head, row): q, segments, memories → `partial` and `partial_statistics`. First an invocation a position, for its
 * score; then, when all scores are there, one a component of the values. Memories and `partial` are arrays of f32.
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
