struct Params { rows: i32, width: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate: array<f32>;
@group(0) @binding(2) var<storage, read> up: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> dgate: array<f32>;
@group(0) @binding(5) var<storage, read_write> dup: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let g = gate[i];
    let s = 1 / (1 + exp(min(-g, 80.0)));
    dgate[i] = gradient[i] * up[i] * s * (1 + g * (1 - s));
    dup[i] = gradient[i] * g * s;
  }
}
