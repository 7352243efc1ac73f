struct Params { rows: i32, width: i32, among: i32, slices: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<i32>;
@group(0) @binding(2) var<storage, read_write> bests: array<vec2i>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.slices;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let row = i / params.slices;
    var best = vec2i(-0x80000000, 0);
    for (var index = i % params.slices; index < params.among; index += params.slices) {
      let own = vec2i(key_of(x[row * params.width + index]), index);
      if (is_better(own, best)) { best = own; }
    }
    bests[i] = best;
  }
}

fn key_of(bits: i32) -> i32 {
  let magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) { return 0x7fffffff; }
  return select(magnitude, -magnitude, bits < 0);
}

fn is_better(a: vec2i, b: vec2i) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}

// ----
struct Params { rows: i32, width: i32, among: i32, slices: i32, k: i32, count: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<i32>;
@group(0) @binding(2) var<storage, read_write> bests: array<vec2i>;
@group(0) @binding(3) var<storage, read_write> y: array<i32>;
var<workgroup> chosen: array<vec2i, 64>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let count = min(params.count, params.k);
  let elements = (params.among + params.slices - 1) / params.slices;
  for (var row = i32(group.x); row < params.rows; row += i32(groups.x)) {
    for (var slice = i32(local); slice < params.slices; slice += 256) {
      let own = bests[row * params.slices + slice];
      var place = 0;
      for (var other = 0; other < params.slices && place < count; other++) {
        place += i32(is_better(bests[row * params.slices + other], own));
      }
      if (place < count) { chosen[place] = own; }
    }
    workgroupBarrier();
    let last = chosen[count - 1];
    for (var i = i32(local); i < count * elements; i += 256) {
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

/** How many elements of the row are better, counted up to `count`. */
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

fn key_of(bits: i32) -> i32 {
  let magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) { return 0x7fffffff; }
  return select(magnitude, -magnitude, bits < 0);
}

fn is_better(a: vec2i, b: vec2i) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}
