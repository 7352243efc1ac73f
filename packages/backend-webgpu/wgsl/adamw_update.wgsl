struct Params { rows: i32, width: i32, learning_rate: f32, weight_decay: f32, gradient_scale: f32, beta1: f32, beta2: f32, eps: f32, mean_correction: f32, variance_correction: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> variance: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let g = gradient[i] * params.gradient_scale;
    let m = params.beta1 * mean[i] + (1 - params.beta1) * g;
    let v = params.beta2 * variance[i] + (1 - params.beta2) * g * g;
    mean[i] = m;
    variance[i] = v;
    let p = parameter[i];
    let step = m / params.mean_correction / (sqrt(v / params.variance_correction) + params.eps);
    parameter[i] = p - params.learning_rate * (step + params.weight_decay * p);
  }
}

// ----
struct Params { rows: i32, width: i32, learning_rate: f32, weight_decay: f32, gradient_scale: f32, beta1: f32, beta2: f32, eps: f32, mean_correction: f32, variance_correction: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> variance: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
@group(0) @binding(5) var<storage, read> scale: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let g = gradient[i] * params.gradient_scale * scale[0];
    let m = params.beta1 * mean[i] + (1 - params.beta1) * g;
    let v = params.beta2 * variance[i] + (1 - params.beta2) * g * g;
    mean[i] = m;
    variance[i] = v;
    let p = parameter[i];
    let step = m / params.mean_correction / (sqrt(v / params.variance_correction) + params.eps);
    parameter[i] = p - params.learning_rate * (step + params.weight_decay * p);
  }
}
