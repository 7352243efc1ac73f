/** Rows into blocks and back, and blocks into memories, in WGSL: one invocation a position and key/value head. */
import { addressText, segmentText } from './wgsl.ts';

/** Where an invocation of a (row, head) is. */
const rowText = /* wgsl */ `let row = i32(id.x);
  let head = i32(id.y);
  if (row >= params.rows) { return; }
  let segment = segment_of_row(row);
  let position = segment.start + row - segment.first_row;
`;

const constants = (headDim: number): string => `const D: i32 = ${headDim};\n`;

/** k, v, segments, ring? → fresh: what is not the run's own comes from the ring, or is zero. */
export function packBlocksText(headDim: number, ring: boolean): string {
  const stored = /* wgsl */ `
    else if (position < segment.start) {
      key = ring[ring_at(segment, 0, head, position) + d * 8 + lane];
      content = ring[ring_at(segment, 1, head, position) + lane * D + d];
    }`;
  return /* wgsl */ `${constants(headDim)}${segmentText}${addressText('fresh')}${ring ? addressText('ring') : ''}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let head = i32(id.y);
  let place = place_of_block(i32(id.x) / 8);
  if (!place.found) { return; }
  let segment = place.segment;
  let lane = i32(id.x) % 8;
  let position = place.position + lane;
  let row = segment.first_row + position - segment.start;
  let own = position >= segment.start && position < segment.start + segment.rows;
  let keys = fresh_at(segment, 0, head, position);
  let values = fresh_at(segment, 1, head, position);
  for (var d = 0; d < D; d++) {
    var key = 0.0;
    var content = 0.0;
    if (own) {
      key = k[(row * params.key_value_heads + head) * D + d];
      content = v[(row * params.key_value_heads + head) * D + d];
    }${ring ? stored : ''}
    fresh[keys + d * 8 + lane] = key;
    fresh[values + lane * D + d] = content;
  }
}
`;
}

/** Blocks, segments → keys, values: one invocation a row and head. */
export function packBlocksBackwardText(headDim: number): string {
  return /* wgsl */ `${constants(headDim)}${segmentText}${addressText('fresh')}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  ${rowText}  let lane = position % 8;
  let from_keys = fresh_at(segment, 0, head, position);
  let from_values = fresh_at(segment, 1, head, position);
  for (var d = 0; d < D; d++) {
    keys[(row * params.key_value_heads + head) * D + d] = fresh[from_keys + d * 8 + lane];
    values[(row * params.key_value_heads + head) * D + d] = fresh[from_values + lane * D + d];
  }
}
`;
}

/** fresh, segments → ring: of a segment longer than the ring only the last rows, as no two may write one place. */
export function commitRingText(headDim: number): string {
  return /* wgsl */ `${constants(headDim)}${segmentText}${addressText('fresh')}${addressText('ring')}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  ${rowText}  if (position < segment.start + segment.rows - params.ring_blocks * 8) { return; }
  let lane = position % 8;
  let from_keys = fresh_at(segment, 0, head, position);
  let from_values = fresh_at(segment, 1, head, position);
  let keys = ring_at(segment, 0, head, position);
  let values = ring_at(segment, 1, head, position);
  for (var d = 0; d < D; d++) {
    ring[keys + d * 8 + lane] = fresh[from_keys + d * 8 + lane];
    ring[values + lane * D + d] = fresh[from_values + lane * D + d];
  }
}
`;
}

/** k, v, segments, page table → pool. */
export function commitPagesText(headDim: number): string {
  return /* wgsl */ `${constants(headDim)}${segmentText}${addressText('pool')}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  ${rowText}  let lane = position % 8;
  let keys = pool_at(segment, 0, head, position);
  let values = pool_at(segment, 1, head, position);
  for (var d = 0; d < D; d++) {
    pool[keys + d * 8 + lane] = k[(row * params.key_value_heads + head) * D + d];
    pool[values + lane * D + d] = v[(row * params.key_value_heads + head) * D + d];
  }
}
`;
}

/** Puts elements `n` of the key and value of a `row` into a memory, where `head` is a key/value head: see `MergeTask`. */
export function keepRowText(memory: 'ring' | 'pool'): string {
  const isKept = memory === 'ring' ? ' && last >= segment.start + segment.rows - params.ring_blocks * 8' : '';
  return /* wgsl */ `if (head < params.key_value_heads${isKept}) {
    let keys = ${memory}_at(segment, 0, head, last);
    let values = ${memory}_at(segment, 1, head, last);
    for (var d = n * (D / N); d < (n + 1) * (D / N); d++) {
      ${memory}[keys + d * 8 + last % 8] = k[(row * params.key_value_heads + head) * D + d];
      ${memory}[values + last % 8 * D + d] = v[(row * params.key_value_heads + head) * D + d];
    }
  }
`;
}
