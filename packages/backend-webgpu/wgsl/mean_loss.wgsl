struct Params { rows: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> losses: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<i32>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
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
  share = 0;
  for (var row = lane; row < params.rows; row += 64) { if (targets[row] >= 0) { share += losses[row]; } }
  let sum = total(lane, share);
  if (lane == 0) { mean[0] = select(sum / max(count, 1), 0, count == 0); }
}
