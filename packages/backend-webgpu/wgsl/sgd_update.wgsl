struct Params { rows: i32, width: i32, learning_rate: f32, weight_decay: f32, gradient_scale: f32, momentum: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let v = params.momentum * velocity[i] + gradient[i] * params.gradient_scale;
    velocity[i] = v;
    parameter[i] -= params.learning_rate * (v + params.weight_decay * parameter[i]);
  }
}

// ----
struct Params { rows: i32, width: i32, learning_rate: f32, weight_decay: f32, gradient_scale: f32, momentum: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let v = params.momentum * velocity[i] + gradient[i] * params.gradient_scale * scale[0];
    velocity[i] = v;
    parameter[i] -= params.learning_rate * (v + params.weight_decay * parameter[i]);
  }
}
