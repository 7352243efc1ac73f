
const D: i32 = 6;
const N: i32 = 6;
alias Element = f32;

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

fn fresh_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = segment.fresh_block + position / 8 - segment.start / 8;
  return ((kind * params.key_value_heads + head) * params.fresh_blocks + block) * 8 * D;
}

fn fresh_key(at: i32, d: i32, half: i32) -> vec4f { return vec4f(fresh[at + 8 * d + 4 * half + 0], fresh[at + 8 * d + 4 * half + 1], fresh[at + 8 * d + 4 * half + 2], fresh[at + 8 * d + 4 * half + 3]); }
fn fresh_lane_key(at: i32, d: i32, lane: i32) -> f32 { return fresh[at + 8 * d + lane]; }
fn fresh_value(at: i32, lane: i32, n: i32) -> Element { return fresh[at + lane * D + n]; }

fn product(a: Element, b: Element) -> f32 { return a * b; }

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = i32(id.x);
  let query_head = i32(id.y);
  if (row >= params.rows) { return; }
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  let first = select(segment.start, max(segment.start, last - params.window + 1), params.window > 0);
  let head = query_head / params.group;
  let index = row * params.key_value_heads * params.group + query_head;
  let found = statistics[index];
  var mean = 0.0;
  for (var n = 0; n < N; n++) { mean += product(gradient[index * N + n], out[index * N + n]); }
  means[index] = mean;
  var of_query: array<f32, D>;
  for (var d = 0; d < D; d++) { of_query[d] = 0.0; }
  for (var position = first - first % 8; position <= last; position += 8) {
    let keys = fresh_at(segment, 0, head, position);
    let values = fresh_at(segment, 1, head, position);
    var low = vec4f();
    var high = vec4f();
    for (var d = 0; d < D; d++) {
      let component = q[index * D + d];
      low += component * fresh_key(keys, d, 0);
      high += component * fresh_key(keys, d, 1);
    }
    var scores = array<f32, 8>(low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
    for (var lane = 0; lane < 8; lane++) {
      let seen = position + lane >= first && position + lane <= last;
      if (!seen) { scores[lane] = 0.0; continue; }
      let probability = exp(scores[lane] * params.scale - found.x) / found.y;
      var of_probability = 0.0;
      for (var n = 0; n < N; n++) { of_probability += product(gradient[index * N + n], fresh_value(values, lane, n)); }
      scores[lane] = probability * (of_probability - mean) * params.scale;
    }
    low = vec4f(scores[0], scores[1], scores[2], scores[3]);
    high = vec4f(scores[4], scores[5], scores[6], scores[7]);
    for (var d = 0; d < D; d++) {
      of_query[d] += dot(low, fresh_key(keys, d, 0)) + dot(high, fresh_key(keys, d, 1));
    }
  }
  for (var d = 0; d < D; d++) { of_queries[index * D + d] = of_query[d]; }
}

// ----
const D: i32 = 6;

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

fn fresh_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = segment.fresh_block + position / 8 - segment.start / 8;
  return ((kind * params.key_value_heads + head) * params.fresh_blocks + block) * 8 * D;
}

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let head = i32(id.y);
  let place = place_of_block(i32(id.x) / 8);
  if (!place.found) { return; }
  let segment = place.segment;
  let lane = i32(id.x) % 8;
  let position = place.position + lane;
  let keys = fresh_at(segment, 0, head, position);
  let values = fresh_at(segment, 1, head, position);
  var key: array<f32, D>;
  var content: array<f32, D>;
  var of_key: array<f32, D>;
  var of_value: array<f32, D>;
  for (var d = 0; d < D; d++) {
    key[d] = fresh[keys + d * 8 + lane];
    content[d] = fresh[values + lane * D + d];
    of_key[d] = 0.0;
    of_value[d] = 0.0;
  }
  let own = position >= segment.start && position < segment.start + segment.rows;
  var end = segment.start + segment.rows;
  if (params.window > 0) { end = min(end, position + params.window); }
  if (!own) { end = position; }
  for (var reader = position; reader < end; reader++) {
    let row = segment.first_row + reader - segment.start;
    for (var member = 0; member < params.group; member++) {
      let index = row * params.key_value_heads * params.group + head * params.group + member;
      let found = statistics[index];
      var score = 0.0;
      var of_probability = 0.0;
      for (var d = 0; d < D; d++) {
        score += q[index * D + d] * key[d];
        of_probability += gradient[index * D + d] * content[d];
      }
      let probability = exp(score * params.scale - found.x) / found.y;
      let of_score = probability * (of_probability - means[index]) * params.scale;
      for (var d = 0; d < D; d++) {
        of_key[d] += of_score * q[index * D + d];
        of_value[d] += probability * gradient[index * D + d];
      }
    }
  }
  for (var d = 0; d < D; d++) {
    of_fresh[keys + d * 8 + lane] = of_key[d];
    of_fresh[values + lane * D + d] = of_value[d];
  }
}

// ----

const D: i32 = 8;
const N: i32 = 2;
alias Element = vec4f;

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

fn fresh_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = segment.fresh_block + position / 8 - segment.start / 8;
  return ((kind * params.key_value_heads + head) * params.fresh_blocks + block) * 8 * D;
}

fn fresh_key(at: i32, d: i32, half: i32) -> vec4f { return fresh[at / 4 + 2 * d + half]; }
fn fresh_lane_key(at: i32, d: i32, lane: i32) -> f32 { return fresh[at / 4 + 2 * d + lane / 4][lane % 4]; }
fn fresh_value(at: i32, lane: i32, n: i32) -> Element { return fresh[at / 4 + lane * N + n]; }

fn product(a: Element, b: Element) -> f32 { return dot(a, b); }

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = i32(id.x);
  let query_head = i32(id.y);
  if (row >= params.rows) { return; }
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  let first = select(segment.start, max(segment.start, last - params.window + 1), params.window > 0);
  let head = query_head / params.group;
  let index = row * params.key_value_heads * params.group + query_head;
  let found = statistics[index];
  var mean = 0.0;
  for (var n = 0; n < N; n++) { mean += product(gradient[index * N + n], out[index * N + n]); }
  means[index] = mean;
  var of_query: array<f32, D>;
  for (var d = 0; d < D; d++) { of_query[d] = 0.0; }
  for (var position = first - first % 8; position <= last; position += 8) {
    let keys = fresh_at(segment, 0, head, position);
    let values = fresh_at(segment, 1, head, position);
    var low = vec4f();
    var high = vec4f();
    for (var d = 0; d < D; d++) {
      let component = q[index * D + d];
      low += component * fresh_key(keys, d, 0);
      high += component * fresh_key(keys, d, 1);
    }
    var scores = array<f32, 8>(low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
    for (var lane = 0; lane < 8; lane++) {
      let seen = position + lane >= first && position + lane <= last;
      if (!seen) { scores[lane] = 0.0; continue; }
      let probability = exp(scores[lane] * params.scale - found.x) / found.y;
      var of_probability = 0.0;
      for (var n = 0; n < N; n++) { of_probability += product(gradient[index * N + n], fresh_value(values, lane, n)); }
      scores[lane] = probability * (of_probability - mean) * params.scale;
    }
    low = vec4f(scores[0], scores[1], scores[2], scores[3]);
    high = vec4f(scores[4], scores[5], scores[6], scores[7]);
    for (var d = 0; d < D; d++) {
      of_query[d] += dot(low, fresh_key(keys, d, 0)) + dot(high, fresh_key(keys, d, 1));
    }
  }
  for (var d = 0; d < D; d++) { of_queries[index * D + d] = of_query[d]; }
}

// ----
const D: i32 = 8;

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

fn fresh_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = segment.fresh_block + position / 8 - segment.start / 8;
  return ((kind * params.key_value_heads + head) * params.fresh_blocks + block) * 8 * D;
}

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let head = i32(id.y);
  let place = place_of_block(i32(id.x) / 8);
  if (!place.found) { return; }
  let segment = place.segment;
  let lane = i32(id.x) % 8;
  let position = place.position + lane;
  let keys = fresh_at(segment, 0, head, position);
  let values = fresh_at(segment, 1, head, position);
  var key: array<f32, D>;
  var content: array<f32, D>;
  var of_key: array<f32, D>;
  var of_value: array<f32, D>;
  for (var d = 0; d < D; d++) {
    key[d] = fresh[keys + d * 8 + lane];
    content[d] = fresh[values + lane * D + d];
    of_key[d] = 0.0;
    of_value[d] = 0.0;
  }
  let own = position >= segment.start && position < segment.start + segment.rows;
  var end = segment.start + segment.rows;
  if (params.window > 0) { end = min(end, position + params.window); }
  if (!own) { end = position; }
  for (var reader = position; reader < end; reader++) {
    let row = segment.first_row + reader - segment.start;
    for (var member = 0; member < params.group; member++) {
      let index = row * params.key_value_heads * params.group + head * params.group + member;
      let found = statistics[index];
      var score = 0.0;
      var of_probability = 0.0;
      for (var d = 0; d < D; d++) {
        score += q[index * D + d] * key[d];
        of_probability += gradient[index * D + d] * content[d];
      }
      let probability = exp(score * params.scale - found.x) / found.y;
      let of_score = probability * (of_probability - means[index]) * params.scale;
      for (var d = 0; d < D; d++) {
        of_key[d] += of_score * q[index * D + d];
        of_value[d] += probability * gradient[index * D + d];
      }
    }
  }
  for (var d = 0; d < D; d++) {
    of_fresh[keys + d * 8 + lane] = of_key[d];
    of_fresh[values + lane * D + d] = of_value[d];
  }
}
