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
    }
    fresh[keys + d * 8 + lane] = key;
    fresh[values + lane * D + d] = content;
  }
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

fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}

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
    }
    else if (position < segment.start) {
      key = ring[ring_at(segment, 0, head, position) + d * 8 + lane];
      content = ring[ring_at(segment, 1, head, position) + lane * D + d];
    }
    fresh[keys + d * 8 + lane] = key;
    fresh[values + lane * D + d] = content;
  }
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
    }
    fresh[keys + d * 8 + lane] = key;
    fresh[values + lane * D + d] = content;
  }
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

fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}

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
    }
    else if (position < segment.start) {
      key = ring[ring_at(segment, 0, head, position) + d * 8 + lane];
      content = ring[ring_at(segment, 1, head, position) + lane * D + d];
    }
    fresh[keys + d * 8 + lane] = key;
    fresh[values + lane * D + d] = content;
  }
}
