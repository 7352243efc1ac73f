struct Params { rows: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> dlosses: array<f32>;
var<workgroup> shares: array<f32, 64>;

fn total(lane: i32, share: f32) -> f32 {
  workgroupBarrier();
  shares[lane] = share;
  workgroupBarrier();
  var sum = 0.0;
  for (var other = 0; other < 64; other++) { sum += shares[other]; }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  var share = 0.0;
  for (var row = lane; row < params.rows; row += 64) { if (targets[row] >= 0) { share += 1; } }
  let count = total(lane, share);
  let each = gradient[0] / max(count, 1);
  for (var row = lane; row < params.rows; row += 64) { dlosses[row] = select(each, 0, targets[row] < 0); }
}
