
const D: i32 = 6;
const N: i32 = 6;
alias Element = f32;

const split_length: i32 = 64;
var<private> sums: array<Element, N>;

var<private> largest: f32 = -1e30;
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

struct Segment { first_row: i32, rows: i32, slot: i32, start: i32, fresh_block: i32 }
struct Place { found: bool, segment: Segment, position: i32 }

fn segment_at(index: i32) -> Segment {
  let words = segments[index];
  return Segment(words.x, min(words.y, params.rows - words.x), words.z, words.w, (words.x + 7) / 8 + 2 * index);
}

fn segment_of_row(row: i32) -> Segment {
  for (var index = 0; index < params.segment_count; index++) {
    let words = segments[index];
    if (row >= words.x && row < words.x + words.y) { return segment_at(index); }
  }
  return Segment();
}

fn place_of_block(block: i32) -> Place {
  for (var index = 0; index < params.segment_count; index++) {
    let segment = segment_at(index);
    if (segment.rows <= 0) { continue; }
    let first = segment.start / 8;
    let at = block - segment.fresh_block;
    if (at >= 0 && at <= (segment.start + segment.rows - 1) / 8 - first) {
      return Place(true, segment, 8 * (first + at));
    }
  }
  return Place();
}

fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}

fn ring_key(at: i32, d: i32, half: i32) -> vec4f { return vec4f(ring[at + 8 * d + 4 * half + 0], ring[at + 8 * d + 4 * half + 1], ring[at + 8 * d + 4 * half + 2], ring[at + 8 * d + 4 * half + 3]); }
fn ring_lane_key(at: i32, d: i32, lane: i32) -> f32 { return ring[at + 8 * d + lane]; }
fn ring_value(at: i32, lane: i32, n: i32) -> Element { return ring[at + lane * D + n]; }

fn see_ring(segment: Segment, head: i32, at: i32, position: i32, first: i32, last: i32) {
  let keys = ring_at(segment, 0, head, position);
  let values = ring_at(segment, 1, head, position);
  var low = vec4f();
  var high = vec4f();
  for (var d = 0; d < D; d++) {
    let component = vec4f(q[at + d]);
    low = fma(component, ring_key(keys, d, 0), low);
    high = fma(component, ring_key(keys, d, 1), high);
  }
  let lanes = position + vec4i(0, 1, 2, 3);
  low = select(vec4f(-1e30), low * params.scale, (lanes >= vec4i(first)) & (lanes <= vec4i(last)));
  high = select(vec4f(-1e30), high * params.scale, (lanes + 4 >= vec4i(first)) & (lanes + 4 <= vec4i(last)));
  let decay = weigh(low, high);
  for (var n = 0; n < N; n++) { sums[n] *= decay; }
  // entries outside may hold anything: they must not be multiplied by their weight of zero
  let begin = max(first - position, 0);
  let end = min(last - position, 7);
  for (var lane = begin; lane <= end; lane++) {
    let weight = Element(weights[lane]);
    for (var n = 0; n < N; n++) { sums[n] = fma(weight, ring_value(values, lane, n), sums[n]); }
  }
}

struct Own { head: i32, row: i32, first: i32, last: i32, keys: i32, values: i32 }
var<private> own: Own;

fn own_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let first = segment.start - position;
  let keys = ring_at(segment, 0, head, position);
  let values = ring_at(segment, 1, head, position);
  own = Own(head, segment.first_row - first, first, first + segment.rows - 1, keys, values);
  return 0;
}
fn own_key(at: i32, d: i32, half: i32) -> vec4f {
  var key = vec4f();
  if (4 * half < own.first) { key = ring_key(own.keys, d, half); }
  for (var lane = max(own.first - 4 * half, 0); lane <= min(own.last - 4 * half, 3); lane++) {
    key[lane] = k[((own.row + 4 * half + lane) * params.key_value_heads + own.head) * D + d];
  }
  return key;
}
fn own_lane_key(at: i32, d: i32, lane: i32) -> f32 {
  if (lane < own.first) { return ring_lane_key(own.keys, d, lane); }
  return k[((own.row + lane) * params.key_value_heads + own.head) * D + d];
}
fn own_value(at: i32, lane: i32, n: i32) -> Element {
  if (lane < own.first) { return ring_value(own.values, lane, n); }
  return v[((own.row + lane) * params.key_value_heads + own.head) * N + n];
}

fn see_own(segment: Segment, head: i32, at: i32, position: i32, first: i32, last: i32) {
  let keys = own_at(segment, 0, head, position);
  let values = own_at(segment, 1, head, position);
  var low = vec4f();
  var high = vec4f();
  for (var d = 0; d < D; d++) {
    let component = vec4f(q[at + d]);
    low = fma(component, own_key(keys, d, 0), low);
    high = fma(component, own_key(keys, d, 1), high);
  }
  let lanes = position + vec4i(0, 1, 2, 3);
  low = select(vec4f(-1e30), low * params.scale, (lanes >= vec4i(first)) & (lanes <= vec4i(last)));
  high = select(vec4f(-1e30), high * params.scale, (lanes + 4 >= vec4i(first)) & (lanes + 4 <= vec4i(last)));
  let decay = weigh(low, high);
  for (var n = 0; n < N; n++) { sums[n] *= decay; }
  // entries outside may hold anything: they must not be multiplied by their weight of zero
  let begin = max(first - position, 0);
  let end = min(last - position, 7);
  for (var lane = begin; lane <= end; lane++) {
    let weight = Element(weights[lane]);
    for (var n = 0; n < N; n++) { sums[n] = fma(weight, own_value(values, lane, n), sums[n]); }
  }
}

fn first_visible(segment: Segment, last: i32) -> i32 {
  let earliest = 0;
  return select(earliest, max(earliest, last - params.window + 1), params.window > 0);
}

fn attend_split(segment: Segment, row: i32, query_head: i32, split: i32, first: i32, last: i32) {
  largest = -1e30;
  total = 0.0;
  for (var n = 0; n < N; n++) { sums[n] = Element(); }
  let head = query_head / params.group;
  let at = (row * params.key_value_heads * params.group + query_head) * D;
  let begin = max(first, split * split_length);
  let end = min(last, (split + 1) * split_length - 1);
  for (var position = begin - begin % 8; position <= end; position += 8) {
    if (position < segment.start - segment.start % 8) { see_ring(segment, head, at, position, begin, end); } else { see_own(segment, head, at, position, begin, end); }
  }
}

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

// ----

const D: i32 = 6;
const N: i32 = 6;
alias Element = f32;

const split_length: i32 = 64;

struct Segment { first_row: i32, rows: i32, slot: i32, start: i32, fresh_block: i32 }
struct Place { found: bool, segment: Segment, position: i32 }

fn segment_at(index: i32) -> Segment {
  let words = segments[index];
  return Segment(words.x, min(words.y, params.rows - words.x), words.z, words.w, (words.x + 7) / 8 + 2 * index);
}

fn segment_of_row(row: i32) -> Segment {
  for (var index = 0; index < params.segment_count; index++) {
    let words = segments[index];
    if (row >= words.x && row < words.x + words.y) { return segment_at(index); }
  }
  return Segment();
}

fn place_of_block(block: i32) -> Place {
  for (var index = 0; index < params.segment_count; index++) {
    let segment = segment_at(index);
    if (segment.rows <= 0) { continue; }
    let first = segment.start / 8;
    let at = block - segment.fresh_block;
    if (at >= 0 && at <= (segment.start + segment.rows - 1) / 8 - first) {
      return Place(true, segment, 8 * (first + at));
    }
  }
  return Place();
}

fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}

fn first_visible(segment: Segment, last: i32) -> i32 {
  let earliest = 0;
  return select(earliest, max(earliest, last - params.window + 1), params.window > 0);
}

@compute @workgroup_size(16) fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = i32(id.x);
  let head = i32(id.y);
  let row = i32(id.z);
  if (n >= N) { return; }
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  if (head < params.key_value_heads && last >= segment.start + segment.rows - params.ring_blocks * 8) {
    let keys = ring_at(segment, 0, head, last);
    let values = ring_at(segment, 1, head, last);
    for (var d = n * (D / N); d < (n + 1) * (D / N); d++) {
      ring[keys + d * 8 + last % 8] = k[(row * params.key_value_heads + head) * D + d];
      ring[values + last % 8 * D + d] = v[(row * params.key_value_heads + head) * D + d];
    }
  }
let count = last / split_length - first_visible(segment, last) / split_length + 1;
  let index = row * params.key_value_heads * params.group + head;
  var merged_largest: f32 = -1e30;
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

// ----

const D: i32 = 6;
const N: i32 = 6;
alias Element = f32;

const split_length: i32 = 64;
var<workgroup> scores: array<f32, split_length>;
var<private> sum: f32;

var<private> largest: f32 = -1e30;
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

struct Segment { first_row: i32, rows: i32, slot: i32, start: i32, fresh_block: i32 }
struct Place { found: bool, segment: Segment, position: i32 }

fn segment_at(index: i32) -> Segment {
  let words = segments[index];
  return Segment(words.x, min(words.y, params.rows - words.x), words.z, words.w, (words.x + 7) / 8 + 2 * index);
}

fn segment_of_row(row: i32) -> Segment {
  for (var index = 0; index < params.segment_count; index++) {
    let words = segments[index];
    if (row >= words.x && row < words.x + words.y) { return segment_at(index); }
  }
  return Segment();
}

fn place_of_block(block: i32) -> Place {
  for (var index = 0; index < params.segment_count; index++) {
    let segment = segment_at(index);
    if (segment.rows <= 0) { continue; }
    let first = segment.start / 8;
    let at = block - segment.fresh_block;
    if (at >= 0 && at <= (segment.start + segment.rows - 1) / 8 - first) {
      return Place(true, segment, 8 * (first + at));
    }
  }
  return Place();
}

fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}

fn ring_key(at: i32, d: i32, half: i32) -> vec4f { return vec4f(ring[at + 8 * d + 4 * half + 0], ring[at + 8 * d + 4 * half + 1], ring[at + 8 * d + 4 * half + 2], ring[at + 8 * d + 4 * half + 3]); }
fn ring_lane_key(at: i32, d: i32, lane: i32) -> f32 { return ring[at + 8 * d + lane]; }
fn ring_value(at: i32, lane: i32, n: i32) -> Element { return ring[at + lane * D + n]; }

fn score_ring(segment: Segment, head: i32, at: i32, position: i32, lane: i32) -> f32 {
  let keys = ring_at(segment, 0, head, position);
  var score = 0.0;
  for (var d = 0; d < D; d++) { score = fma(q[at + d], ring_lane_key(keys, d, lane), score); }
  return score * params.scale;
}

fn see_ring(segment: Segment, head: i32, position: i32, first: i32, last: i32, n: i32) {
  let values = ring_at(segment, 1, head, position);
  if (first == 0 && last == 7) {
    let value0 = ring_value(values, 0, n);
    let value1 = ring_value(values, 1, n);
    let value2 = ring_value(values, 2, n);
    let value3 = ring_value(values, 3, n);
    let value4 = ring_value(values, 4, n);
    let value5 = ring_value(values, 5, n);
    let value6 = ring_value(values, 6, n);
    let value7 = ring_value(values, 7, n);
    sum = fma(weights[0], value0, sum);
    sum = fma(weights[1], value1, sum);
    sum = fma(weights[2], value2, sum);
    sum = fma(weights[3], value3, sum);
    sum = fma(weights[4], value4, sum);
    sum = fma(weights[5], value5, sum);
    sum = fma(weights[6], value6, sum);
    sum = fma(weights[7], value7, sum);
    return;
  }
  for (var lane = first; lane <= last; lane++) { sum = fma(weights[lane], ring_value(values, lane, n), sum); }
}

struct Own { head: i32, row: i32, first: i32, last: i32, keys: i32, values: i32 }
var<private> own: Own;

fn own_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let first = segment.start - position;
  let keys = ring_at(segment, 0, head, position);
  let values = ring_at(segment, 1, head, position);
  own = Own(head, segment.first_row - first, first, first + segment.rows - 1, keys, values);
  return 0;
}
fn own_key(at: i32, d: i32, half: i32) -> vec4f {
  var key = vec4f();
  if (4 * half < own.first) { key = ring_key(own.keys, d, half); }
  for (var lane = max(own.first - 4 * half, 0); lane <= min(own.last - 4 * half, 3); lane++) {
    key[lane] = k[((own.row + 4 * half + lane) * params.key_value_heads + own.head) * D + d];
  }
  return key;
}
fn own_lane_key(at: i32, d: i32, lane: i32) -> f32 {
  if (lane < own.first) { return ring_lane_key(own.keys, d, lane); }
  return k[((own.row + lane) * params.key_value_heads + own.head) * D + d];
}
fn own_value(at: i32, lane: i32, n: i32) -> Element {
  if (lane < own.first) { return ring_value(own.values, lane, n); }
  return v[((own.row + lane) * params.key_value_heads + own.head) * N + n];
}

fn score_own(segment: Segment, head: i32, at: i32, position: i32, lane: i32) -> f32 {
  let keys = own_at(segment, 0, head, position);
  var score = 0.0;
  for (var d = 0; d < D; d++) { score = fma(q[at + d], own_lane_key(keys, d, lane), score); }
  return score * params.scale;
}

fn see_own(segment: Segment, head: i32, position: i32, first: i32, last: i32, n: i32) {
  let values = own_at(segment, 1, head, position);
  if (first == 0 && last == 7) {
    let value0 = own_value(values, 0, n);
    let value1 = own_value(values, 1, n);
    let value2 = own_value(values, 2, n);
    let value3 = own_value(values, 3, n);
    let value4 = own_value(values, 4, n);
    let value5 = own_value(values, 5, n);
    let value6 = own_value(values, 6, n);
    let value7 = own_value(values, 7, n);
    sum = fma(weights[0], value0, sum);
    sum = fma(weights[1], value1, sum);
    sum = fma(weights[2], value2, sum);
    sum = fma(weights[3], value3, sum);
    sum = fma(weights[4], value4, sum);
    sum = fma(weights[5], value5, sum);
    sum = fma(weights[6], value6, sum);
    sum = fma(weights[7], value7, sum);
    return;
  }
  for (var lane = first; lane <= last; lane++) { sum = fma(weights[lane], own_value(values, lane, n), sum); }
}

fn first_visible(segment: Segment, last: i32) -> i32 {
  let earliest = 0;
  return select(earliest, max(earliest, last - params.window + 1), params.window > 0);
}

@compute @workgroup_size(64)
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
  for (var place = own_lane; place < split_length; place += 64) {
    let lane = place % 8;
    let position = split * split_length + place - lane;
    var score: f32 = -1e30;
    if (position + lane >= begin && position + lane <= end) {
      if (position < segment.start - segment.start % 8) { score = score_ring(segment, head, at, position, lane); } else { score = score_own(segment, head, at, position, lane); }
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
    if (position < segment.start - segment.start % 8) { see_ring(segment, head, position, first_lane, last_lane, own_lane); } else { see_own(segment, head, position, first_lane, last_lane, own_lane); }
  }
  let place = (row * params.key_value_heads * params.group + query_head) * params.splits + i32(group.x);
  partial[place * D + own_lane] = sum;
  if (own_lane == 0) { partial_statistics[place] = vec2f(largest, total); }
}

// ----

const D: i32 = 8;
const N: i32 = 2;
alias Element = vec4f;

const split_length: i32 = 64;
var<private> sums: array<Element, N>;

var<private> largest: f32 = -1e30;
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

struct Segment { first_row: i32, rows: i32, slot: i32, start: i32, fresh_block: i32 }
struct Place { found: bool, segment: Segment, position: i32 }

fn segment_at(index: i32) -> Segment {
  let words = segments[index];
  return Segment(words.x, min(words.y, params.rows - words.x), words.z, words.w, (words.x + 7) / 8 + 2 * index);
}

fn segment_of_row(row: i32) -> Segment {
  for (var index = 0; index < params.segment_count; index++) {
    let words = segments[index];
    if (row >= words.x && row < words.x + words.y) { return segment_at(index); }
  }
  return Segment();
}

fn place_of_block(block: i32) -> Place {
  for (var index = 0; index < params.segment_count; index++) {
    let segment = segment_at(index);
    if (segment.rows <= 0) { continue; }
    let first = segment.start / 8;
    let at = block - segment.fresh_block;
    if (at >= 0 && at <= (segment.start + segment.rows - 1) / 8 - first) {
      return Place(true, segment, 8 * (first + at));
    }
  }
  return Place();
}

fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}

fn ring_key(at: i32, d: i32, half: i32) -> vec4f { return ring[at / 4 + 2 * d + half]; }
fn ring_lane_key(at: i32, d: i32, lane: i32) -> f32 { return ring[at / 4 + 2 * d + lane / 4][lane % 4]; }
fn ring_value(at: i32, lane: i32, n: i32) -> Element { return ring[at / 4 + lane * N + n]; }

fn see_ring(segment: Segment, head: i32, at: i32, position: i32, first: i32, last: i32) {
  let keys = ring_at(segment, 0, head, position);
  let values = ring_at(segment, 1, head, position);
  var low = vec4f();
  var high = vec4f();
  for (var d = 0; d < D; d++) {
    let component = vec4f(q[at + d]);
    low = fma(component, ring_key(keys, d, 0), low);
    high = fma(component, ring_key(keys, d, 1), high);
  }
  let lanes = position + vec4i(0, 1, 2, 3);
  low = select(vec4f(-1e30), low * params.scale, (lanes >= vec4i(first)) & (lanes <= vec4i(last)));
  high = select(vec4f(-1e30), high * params.scale, (lanes + 4 >= vec4i(first)) & (lanes + 4 <= vec4i(last)));
  let decay = weigh(low, high);
  for (var n = 0; n < N; n++) { sums[n] *= decay; }
  // entries outside may hold anything: they must not be multiplied by their weight of zero
  let begin = max(first - position, 0);
  let end = min(last - position, 7);
  for (var lane = begin; lane <= end; lane++) {
    let weight = Element(weights[lane]);
    for (var n = 0; n < N; n++) { sums[n] = fma(weight, ring_value(values, lane, n), sums[n]); }
  }
}

struct Own { head: i32, row: i32, first: i32, last: i32, keys: i32, values: i32 }
var<private> own: Own;

fn own_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let first = segment.start - position;
  let keys = ring_at(segment, 0, head, position);
  let values = ring_at(segment, 1, head, position);
  own = Own(head, segment.first_row - first, first, first + segment.rows - 1, keys, values);
  return 0;
}
fn own_key(at: i32, d: i32, half: i32) -> vec4f {
  var key = vec4f();
  if (4 * half < own.first) { key = ring_key(own.keys, d, half); }
  for (var lane = max(own.first - 4 * half, 0); lane <= min(own.last - 4 * half, 3); lane++) {
    key[lane] = k[((own.row + 4 * half + lane) * params.key_value_heads + own.head) * D + d];
  }
  return key;
}
fn own_lane_key(at: i32, d: i32, lane: i32) -> f32 {
  if (lane < own.first) { return ring_lane_key(own.keys, d, lane); }
  return k[((own.row + lane) * params.key_value_heads + own.head) * D + d];
}
fn own_value(at: i32, lane: i32, n: i32) -> Element {
  if (lane < own.first) { return ring_value(own.values, lane, n); }
  return v[((own.row + lane) * params.key_value_heads + own.head) * N + n];
}

fn see_own(segment: Segment, head: i32, at: i32, position: i32, first: i32, last: i32) {
  let keys = own_at(segment, 0, head, position);
  let values = own_at(segment, 1, head, position);
  var low = vec4f();
  var high = vec4f();
  for (var d = 0; d < D; d++) {
    let component = vec4f(q[at + d]);
    low = fma(component, own_key(keys, d, 0), low);
    high = fma(component, own_key(keys, d, 1), high);
  }
  let lanes = position + vec4i(0, 1, 2, 3);
  low = select(vec4f(-1e30), low * params.scale, (lanes >= vec4i(first)) & (lanes <= vec4i(last)));
  high = select(vec4f(-1e30), high * params.scale, (lanes + 4 >= vec4i(first)) & (lanes + 4 <= vec4i(last)));
  let decay = weigh(low, high);
  for (var n = 0; n < N; n++) { sums[n] *= decay; }
  // entries outside may hold anything: they must not be multiplied by their weight of zero
  let begin = max(first - position, 0);
  let end = min(last - position, 7);
  for (var lane = begin; lane <= end; lane++) {
    let weight = Element(weights[lane]);
    for (var n = 0; n < N; n++) { sums[n] = fma(weight, own_value(values, lane, n), sums[n]); }
  }
}

fn first_visible(segment: Segment, last: i32) -> i32 {
  let earliest = 0;
  return select(earliest, max(earliest, last - params.window + 1), params.window > 0);
}

fn attend_split(segment: Segment, row: i32, query_head: i32, split: i32, first: i32, last: i32) {
  largest = -1e30;
  total = 0.0;
  for (var n = 0; n < N; n++) { sums[n] = Element(); }
  let head = query_head / params.group;
  let at = (row * params.key_value_heads * params.group + query_head) * D;
  let begin = max(first, split * split_length);
  let end = min(last, (split + 1) * split_length - 1);
  for (var position = begin - begin % 8; position <= end; position += 8) {
    if (position < segment.start - segment.start % 8) { see_ring(segment, head, at, position, begin, end); } else { see_own(segment, head, at, position, begin, end); }
  }
}

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

// ----

const D: i32 = 8;
const N: i32 = 2;
alias Element = vec4f;

const split_length: i32 = 64;

struct Segment { first_row: i32, rows: i32, slot: i32, start: i32, fresh_block: i32 }
struct Place { found: bool, segment: Segment, position: i32 }

fn segment_at(index: i32) -> Segment {
  let words = segments[index];
  return Segment(words.x, min(words.y, params.rows - words.x), words.z, words.w, (words.x + 7) / 8 + 2 * index);
}

fn segment_of_row(row: i32) -> Segment {
  for (var index = 0; index < params.segment_count; index++) {
    let words = segments[index];
    if (row >= words.x && row < words.x + words.y) { return segment_at(index); }
  }
  return Segment();
}

fn place_of_block(block: i32) -> Place {
  for (var index = 0; index < params.segment_count; index++) {
    let segment = segment_at(index);
    if (segment.rows <= 0) { continue; }
    let first = segment.start / 8;
    let at = block - segment.fresh_block;
    if (at >= 0 && at <= (segment.start + segment.rows - 1) / 8 - first) {
      return Place(true, segment, 8 * (first + at));
    }
  }
  return Place();
}

fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}

fn first_visible(segment: Segment, last: i32) -> i32 {
  let earliest = 0;
  return select(earliest, max(earliest, last - params.window + 1), params.window > 0);
}

@compute @workgroup_size(16) fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = i32(id.x);
  let head = i32(id.y);
  let row = i32(id.z);
  if (n >= N) { return; }
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  if (head < params.key_value_heads && last >= segment.start + segment.rows - params.ring_blocks * 8) {
    let keys = ring_at(segment, 0, head, last);
    let values = ring_at(segment, 1, head, last);
    for (var d = n * (D / N); d < (n + 1) * (D / N); d++) {
      ring[keys + d * 8 + last % 8] = k[(row * params.key_value_heads + head) * D + d];
      ring[values + last % 8 * D + d] = v[(row * params.key_value_heads + head) * D + d];
    }
  }
let count = last / split_length - first_visible(segment, last) / split_length + 1;
  let index = row * params.key_value_heads * params.group + head;
  var merged_largest: f32 = -1e30;
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

// ----

const D: i32 = 8;
const N: i32 = 8;
alias Element = f32;

const split_length: i32 = 64;
var<workgroup> scores: array<f32, split_length>;
var<private> sum: f32;

var<private> largest: f32 = -1e30;
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

struct Segment { first_row: i32, rows: i32, slot: i32, start: i32, fresh_block: i32 }
struct Place { found: bool, segment: Segment, position: i32 }

fn segment_at(index: i32) -> Segment {
  let words = segments[index];
  return Segment(words.x, min(words.y, params.rows - words.x), words.z, words.w, (words.x + 7) / 8 + 2 * index);
}

fn segment_of_row(row: i32) -> Segment {
  for (var index = 0; index < params.segment_count; index++) {
    let words = segments[index];
    if (row >= words.x && row < words.x + words.y) { return segment_at(index); }
  }
  return Segment();
}

fn place_of_block(block: i32) -> Place {
  for (var index = 0; index < params.segment_count; index++) {
    let segment = segment_at(index);
    if (segment.rows <= 0) { continue; }
    let first = segment.start / 8;
    let at = block - segment.fresh_block;
    if (at >= 0 && at <= (segment.start + segment.rows - 1) / 8 - first) {
      return Place(true, segment, 8 * (first + at));
    }
  }
  return Place();
}

fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}

fn ring_key(at: i32, d: i32, half: i32) -> vec4f { return vec4f(ring[at + 8 * d + 4 * half + 0], ring[at + 8 * d + 4 * half + 1], ring[at + 8 * d + 4 * half + 2], ring[at + 8 * d + 4 * half + 3]); }
fn ring_lane_key(at: i32, d: i32, lane: i32) -> f32 { return ring[at + 8 * d + lane]; }
fn ring_value(at: i32, lane: i32, n: i32) -> Element { return ring[at + lane * D + n]; }

fn score_ring(segment: Segment, head: i32, at: i32, position: i32, lane: i32) -> f32 {
  let keys = ring_at(segment, 0, head, position);
  var score = 0.0;
  for (var d = 0; d < D; d++) { score = fma(q[at + d], ring_lane_key(keys, d, lane), score); }
  return score * params.scale;
}

fn see_ring(segment: Segment, head: i32, position: i32, first: i32, last: i32, n: i32) {
  let values = ring_at(segment, 1, head, position);
  if (first == 0 && last == 7) {
    let value0 = ring_value(values, 0, n);
    let value1 = ring_value(values, 1, n);
    let value2 = ring_value(values, 2, n);
    let value3 = ring_value(values, 3, n);
    let value4 = ring_value(values, 4, n);
    let value5 = ring_value(values, 5, n);
    let value6 = ring_value(values, 6, n);
    let value7 = ring_value(values, 7, n);
    sum = fma(weights[0], value0, sum);
    sum = fma(weights[1], value1, sum);
    sum = fma(weights[2], value2, sum);
    sum = fma(weights[3], value3, sum);
    sum = fma(weights[4], value4, sum);
    sum = fma(weights[5], value5, sum);
    sum = fma(weights[6], value6, sum);
    sum = fma(weights[7], value7, sum);
    return;
  }
  for (var lane = first; lane <= last; lane++) { sum = fma(weights[lane], ring_value(values, lane, n), sum); }
}

struct Own { head: i32, row: i32, first: i32, last: i32, keys: i32, values: i32 }
var<private> own: Own;

fn own_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let first = segment.start - position;
  let keys = ring_at(segment, 0, head, position);
  let values = ring_at(segment, 1, head, position);
  own = Own(head, segment.first_row - first, first, first + segment.rows - 1, keys, values);
  return 0;
}
fn own_key(at: i32, d: i32, half: i32) -> vec4f {
  var key = vec4f();
  if (4 * half < own.first) { key = ring_key(own.keys, d, half); }
  for (var lane = max(own.first - 4 * half, 0); lane <= min(own.last - 4 * half, 3); lane++) {
    key[lane] = k[((own.row + 4 * half + lane) * params.key_value_heads + own.head) * D + d];
  }
  return key;
}
fn own_lane_key(at: i32, d: i32, lane: i32) -> f32 {
  if (lane < own.first) { return ring_lane_key(own.keys, d, lane); }
  return k[((own.row + lane) * params.key_value_heads + own.head) * D + d];
}
fn own_value(at: i32, lane: i32, n: i32) -> Element {
  if (lane < own.first) { return ring_value(own.values, lane, n); }
  return v[((own.row + lane) * params.key_value_heads + own.head) * N + n];
}

fn score_own(segment: Segment, head: i32, at: i32, position: i32, lane: i32) -> f32 {
  let keys = own_at(segment, 0, head, position);
  var score = 0.0;
  for (var d = 0; d < D; d++) { score = fma(q[at + d], own_lane_key(keys, d, lane), score); }
  return score * params.scale;
}

fn see_own(segment: Segment, head: i32, position: i32, first: i32, last: i32, n: i32) {
  let values = own_at(segment, 1, head, position);
  if (first == 0 && last == 7) {
    let value0 = own_value(values, 0, n);
    let value1 = own_value(values, 1, n);
    let value2 = own_value(values, 2, n);
    let value3 = own_value(values, 3, n);
    let value4 = own_value(values, 4, n);
    let value5 = own_value(values, 5, n);
    let value6 = own_value(values, 6, n);
    let value7 = own_value(values, 7, n);
    sum = fma(weights[0], value0, sum);
    sum = fma(weights[1], value1, sum);
    sum = fma(weights[2], value2, sum);
    sum = fma(weights[3], value3, sum);
    sum = fma(weights[4], value4, sum);
    sum = fma(weights[5], value5, sum);
    sum = fma(weights[6], value6, sum);
    sum = fma(weights[7], value7, sum);
    return;
  }
  for (var lane = first; lane <= last; lane++) { sum = fma(weights[lane], own_value(values, lane, n), sum); }
}

fn first_visible(segment: Segment, last: i32) -> i32 {
  let earliest = 0;
  return select(earliest, max(earliest, last - params.window + 1), params.window > 0);
}

@compute @workgroup_size(64)
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
  for (var place = own_lane; place < split_length; place += 64) {
    let lane = place % 8;
    let position = split * split_length + place - lane;
    var score: f32 = -1e30;
    if (position + lane >= begin && position + lane <= end) {
      if (position < segment.start - segment.start % 8) { score = score_ring(segment, head, at, position, lane); } else { score = score_own(segment, head, at, position, lane); }
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
    if (position < segment.start - segment.start % 8) { see_ring(segment, head, position, first_lane, last_lane, own_lane); } else { see_own(segment, head, position, first_lane, last_lane, own_lane); }
  }
  let place = (row * params.key_value_heads * params.group + query_head) * params.splits + i32(group.x);
  partial[place * D + own_lane] = sum;
  if (own_lane == 0) { partial_statistics[place] = vec2f(largest, total); }
}
