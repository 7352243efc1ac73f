struct Params { rows: i32, width: i32, head: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let half = params.head / 2;
    let row = i / params.width;
    let pair = i % half;
    let at = row * 2 * params.width + ((i % params.width) / half) * params.head + pair;
    let cosine = rotation[row * params.head + pair];
    let sine = -rotation[row * params.head + half + pair];
    let a = x[at];
    let b = x[at + half];
    y[at] = fma(a, cosine, -(b * sine));
    y[at + half] = fma(b, cosine, a * sine);
  }
}
