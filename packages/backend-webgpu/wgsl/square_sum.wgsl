struct Params { count: i32, parts: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;
var<workgroup> shares: array<f32, 64>;

fn total(lane: i32, share: f32) -> f32 {
  workgroupBarrier();
  shares[lane] = share;
  workgroupBarrier();
  var sum = 0.0;
  for (var other = 0; other < 64; other++) { sum += shares[other]; }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  for (var part = i32(group.x); part < params.parts; part += 65535) {
    let end = min((part + 1) * 4096, params.count);
    var share = 0.0;
    for (var i = part * 4096 + lane; i < end; i += 64) { share = fma(x[i], x[i], share); }
    let sum = total(lane, share);
    if (lane == 0) { parts[part] = sum; }
  }
}

// ----
struct Params { parts: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
var<workgroup> shares: array<f32, 64>;

fn total(lane: i32, share: f32) -> f32 {
  workgroupBarrier();
  shares[lane] = share;
  workgroupBarrier();
  var sum = 0.0;
  for (var other = 0; other < 64; other++) { sum += shares[other]; }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  var share = 0.0;
  for (var part = lane; part < params.parts; part += 64) { share += parts[part]; }
  let sum = total(lane, share);
  if (lane == 0) { result[0] = sum; }
}

// ----
struct Params { parts: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parts: array<f32>;
@group(0) @binding(2) var<storage, read> before: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
var<workgroup> shares: array<f32, 64>;

fn total(lane: i32, share: f32) -> f32 {
  workgroupBarrier();
  shares[lane] = share;
  workgroupBarrier();
  var sum = 0.0;
  for (var other = 0; other < 64; other++) { sum += shares[other]; }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  var share = 0.0;
  for (var part = lane; part < params.parts; part += 64) { share += parts[part]; }
  let sum = total(lane, share);
  if (lane == 0) { result[0] = before[0] + sum; }
}
