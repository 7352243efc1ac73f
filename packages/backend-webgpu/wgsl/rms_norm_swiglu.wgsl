struct Params { rows: i32, size: i32, groups: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
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
    for (var c = 0; c < params.size; c++) {
      let at = start + c;
      let element = x[at];
      let g = gate[at];
          let s = 1 / (1 + exp(min(-g, 80.0)));
          y[at] = g * s * (element * factor);
    }
  }
}

// ----
// tiles in workgroup memory
struct Params { rows: i32, size: i32, groups: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
var<workgroup> shares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  for (var i = i32(group.x); i < params.rows * params.groups; i += 65535) {
    let start = i * params.size;
    var share = 0.0;
    for (var c = lane; c < params.size; c += 64) {
      let at = start + c;
      let element = x[at];
      share = fma(element, element, share);
    }
    workgroupBarrier();
    shares[lane] = share;
    workgroupBarrier();
    var squares = 0.0;
    for (var other = 0; other < 64; other++) { squares += shares[other]; }
    let factor = 1 / sqrt(squares / f32(params.size) + params.eps);
    for (var c = lane; c < params.size; c += 64) {
      let at = start + c;
      let element = x[at];
      let g = gate[at];
      let s = 1 / (1 + exp(min(-g, 80.0)));
      y[at] = g * s * (element * factor);
    }
  }
}
