struct Params { rows: i32, width: i32, entries: i32, factor: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    var id = ids[i / params.width];
    if (id < 0 || id >= params.entries) { id = 0; }
    let column = i % params.width;
    y[i] = f32(weights[id * params.width + column]) * params.factor;
  }
}

// ----
struct Params { rows: i32, width: i32, entries: i32, factor: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    var id = ids[i / params.width];
    if (id < 0 || id >= params.entries) { id = 0; }
    let column = i % params.width;
    y[i] = f32(weights[((id / 8) * params.width + column) * 8 + id % 8]) * params.factor;
  }
}

// ----
// matrices in float16
enable f16;
struct Params { rows: i32, width: i32, entries: i32, factor: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read> weights: array<f16>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    var id = ids[i / params.width];
    if (id < 0 || id >= params.entries) { id = 0; }
    let column = i % params.width;
    y[i] = f32(weights[((id / 8) * params.width + column) * 8 + id % 8]) * params.factor;
  }
}
