struct Params { rows: i32, size: i32, groups: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> factors: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.groups;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let start = i * params.size;
    var squares = 0.0;
    for (var c = 0; c < params.size; c++) {
      let element = x[start + c];
      squares += element * element;
    }
    let factor = 1 / sqrt(squares / f32(params.size) + params.eps);
    var product = 0.0;
    for (var c = 0; c < params.size; c++) { product += gradient[start + c] * x[start + c] * weight[c]; }
    let pull = product * factor * factor * factor / f32(params.size);
    for (var c = 0; c < params.size; c++) {
      let at = start + c;
      dx[at] = gradient[at] * weight[c] * factor - x[at] * pull;
    }
    factors[i] = factor;
  }
}

// ----
struct Params { rows: i32, size: i32, groups: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> factors: array<f32>;
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = ((params.rows * params.groups + 31) / 32) * params.size;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let chunk = i / params.size;
    let c = i % params.size;
    let end = min((chunk + 1) * 32, params.rows * params.groups);
    var sum = 0.0;
    for (var group = chunk * 32; group < end; group++) {
      sum += gradient[group * params.size + c] * x[group * params.size + c] * factors[group];
    }
    partials[i] = sum;
  }
}

// ----
struct Params { rows: i32, size: i32, groups: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.size;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let chunks = (params.rows * params.groups + 31) / 32;
    var sum = 0.0;
    for (var chunk = 0; chunk < chunks; chunk++) { sum += partials[chunk * params.size + i]; }
    dweight[i] = sum;
  }
}

// ----
struct Params { rows: i32, size: i32, groups: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> factors: array<f32>;
@group(0) @binding(5) var<storage, read> more: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.groups;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let start = i * params.size;
    var squares = 0.0;
    for (var c = 0; c < params.size; c++) {
      let element = x[start + c];
      squares += element * element;
    }
    let factor = 1 / sqrt(squares / f32(params.size) + params.eps);
    var product = 0.0;
    for (var c = 0; c < params.size; c++) { product += gradient[start + c] * x[start + c] * weight[c]; }
    let pull = product * factor * factor * factor / f32(params.size);
    for (var c = 0; c < params.size; c++) {
      let at = start + c;
      dx[at] = gradient[at] * weight[c] * factor - x[at] * pull + more[at];
    }
    factors[i] = factor;
  }
}
