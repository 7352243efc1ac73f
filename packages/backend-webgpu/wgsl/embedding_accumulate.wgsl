struct Params { rows: i32, width: i32, entries: i32, factor: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> sum: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.width;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    for (var row = 0; row < params.rows; row++) {
      var id = ids[row];
      if (id < 0 || id >= params.entries) { id = 0; }
      sum[id * params.width + i] += gradient[row * params.width + i] * params.factor;
    }
  }
}
