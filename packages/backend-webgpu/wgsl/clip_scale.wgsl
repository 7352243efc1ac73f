struct Params { rows: i32, width: i32, most: f32, gradient_scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> squares: array<f32>;
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> norm: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows * params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    let length = params.gradient_scale * sqrt(squares[0]);
    norm[0] = length;
    scale[0] = params.gradient_scale * min(1, params.most / (length + 1e-6));
  }
}
