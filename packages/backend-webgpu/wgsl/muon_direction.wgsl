struct Params { rows: i32, width: i32, momentum: f32, gradient_scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> direction: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let fresh = (1 - params.momentum) * gradient[i] * params.gradient_scale;
    let m = params.momentum * mean[i] + fresh;
    mean[i] = m;
    direction[i] = params.momentum * m + fresh;
  }
}

// ----
struct Params { rows: i32, width: i32, momentum: f32, gradient_scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> direction: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let fresh = (1 - params.momentum) * gradient[i] * params.gradient_scale * scale[0];
    let m = params.momentum * mean[i] + fresh;
    mean[i] = m;
    direction[i] = params.momentum * m + fresh;
  }
}
