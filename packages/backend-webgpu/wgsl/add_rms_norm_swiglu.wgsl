struct Params { width: i32, hidden: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> delta: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<vec4f>;
@group(0) @binding(5) var<storage, read> up: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> sum: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c] + delta[start + c];
    squares += element * element;
  }
  return squares;
}

@compute @workgroup_size(16)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += 16) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = (i32(group.x) * 16 + lane) * 8;
  if (n >= params.hidden) { return; }
  var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
  var gated0 = vec4f();
  var raised0 = vec4f();
  var gated1 = vec4f();
  var raised1 = vec4f();
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f((x[start + k] + delta[start + k]) * factor * weight[k]);
    gated0 = fma(normed, vec4f(gate[at + 0]), gated0);
    gated1 = fma(normed, vec4f(gate[at + 1]), gated1);
    raised0 = fma(normed, vec4f(up[at + 0]), raised0);
    raised1 = fma(normed, vec4f(up[at + 1]), raised1);
    at += 2;
  }
  store(row, n + 0, gated0, raised0);
  store(row, n + 4, gated1, raised1);
}

fn store(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) {
    let g = gated[i];
    let s = 1 / (1 + exp(min(-g, 80.0)));
    y[row * params.hidden + n + i] = g * s * raised[i];
  }
}

// ----
// tiles in workgroup memory
struct Params { width: i32, hidden: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> delta: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<vec4f>;
@group(0) @binding(5) var<storage, read> up: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> sum: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c] + delta[start + c];
    squares += element * element;
  }
  return squares;
}

@compute @workgroup_size(16)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += 16) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = (i32(group.x) * 16 + lane) * 4;
  if (n >= params.hidden) { return; }
  var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
  var gated0 = vec4f();
  var raised0 = vec4f();
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f((x[start + k] + delta[start + k]) * factor * weight[k]);
    gated0 = fma(normed, vec4f(gate[at + 0]), gated0);
    raised0 = fma(normed, vec4f(up[at + 0]), raised0);
    at += 2;
  }
  store(row, n + 0, gated0, raised0);
}

fn store(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) {
    let g = gated[i];
    let s = 1 / (1 + exp(min(-g, 80.0)));
    y[row * params.hidden + n + i] = g * s * raised[i];
  }
}

// ----
// tiles in workgroup memory
struct Params { width: i32, hidden: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> delta: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<vec4f>;
@group(0) @binding(5) var<storage, read> up: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> sum: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
var<workgroup> shares: array<f32, 64>;

fn squares_of(start: i32, lane: i32) -> f32 {
  for (var own = lane; own < 64; own += 16) {
    var share = 0.0;
    for (var c = own; c < params.width; c += 64) {
      let element = x[start + c] + delta[start + c];
      share = fma(element, element, share);
    }
    shares[own] = share;
  }
  workgroupBarrier();
  var squares = 0.0;
  for (var other = 0; other < 64; other++) { squares += shares[other]; }
  return squares;
}

@compute @workgroup_size(16)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += 16) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = (i32(group.x) * 16 + lane) * 4;
  if (n >= params.hidden) { return; }
  var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
  var gated0 = vec4f();
  var raised0 = vec4f();
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f((x[start + k] + delta[start + k]) * factor * weight[k]);
    gated0 = fma(normed, vec4f(gate[at + 0]), gated0);
    raised0 = fma(normed, vec4f(up[at + 0]), raised0);
    at += 2;
  }
  store(row, n + 0, gated0, raised0);
}

fn store(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) {
    let g = gated[i];
    let s = 1 / (1 + exp(min(-g, 80.0)));
    y[row * params.hidden + n + i] = g * s * raised[i];
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, hidden: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> delta: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<vec4h>;
@group(0) @binding(5) var<storage, read> up: array<vec4h>;
@group(0) @binding(6) var<storage, read_write> sum: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c] + delta[start + c];
    squares += element * element;
  }
  return squares;
}

@compute @workgroup_size(16)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += 16) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = (i32(group.x) * 16 + lane) * 8;
  if (n >= params.hidden) { return; }
  var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
  var gated0 = vec4f();
  var raised0 = vec4f();
  var gated1 = vec4f();
  var raised1 = vec4f();
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f((x[start + k] + delta[start + k]) * factor * weight[k]);
    gated0 = fma(normed, vec4f(gate[at + 0]), gated0);
    gated1 = fma(normed, vec4f(gate[at + 1]), gated1);
    raised0 = fma(normed, vec4f(up[at + 0]), raised0);
    raised1 = fma(normed, vec4f(up[at + 1]), raised1);
    at += 2;
  }
  store(row, n + 0, gated0, raised0);
  store(row, n + 4, gated1, raised1);
}

fn store(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) {
    let g = gated[i];
    let s = 1 / (1 + exp(min(-g, 80.0)));
    y[row * params.hidden + n + i] = g * s * raised[i];
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, hidden: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> delta: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<vec4h>;
@group(0) @binding(5) var<storage, read> up: array<vec4h>;
@group(0) @binding(6) var<storage, read_write> sum: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c] + delta[start + c];
    squares += element * element;
  }
  return squares;
}

@compute @workgroup_size(16)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += 16) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = (i32(group.x) * 16 + lane) * 4;
  if (n >= params.hidden) { return; }
  var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
  var gated0 = vec4f();
  var raised0 = vec4f();
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f((x[start + k] + delta[start + k]) * factor * weight[k]);
    gated0 = fma(normed, vec4f(gate[at + 0]), gated0);
    raised0 = fma(normed, vec4f(up[at + 0]), raised0);
    at += 2;
  }
  store(row, n + 0, gated0, raised0);
}

fn store(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) {
    let g = gated[i];
    let s = 1 / (1 + exp(min(-g, 80.0)));
    y[row * params.hidden + n + i] = g * s * raised[i];
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, hidden: i32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> delta: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<vec4h>;
@group(0) @binding(5) var<storage, read> up: array<vec4h>;
@group(0) @binding(6) var<storage, read_write> sum: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
var<workgroup> shares: array<f32, 64>;

fn squares_of(start: i32, lane: i32) -> f32 {
  for (var own = lane; own < 64; own += 16) {
    var share = 0.0;
    for (var c = own; c < params.width; c += 64) {
      let element = x[start + c] + delta[start + c];
      share = fma(element, element, share);
    }
    shares[own] = share;
  }
  workgroupBarrier();
  var squares = 0.0;
  for (var other = 0; other < 64; other++) { squares += shares[other]; }
  return squares;
}

@compute @workgroup_size(16)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += 16) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = (i32(group.x) * 16 + lane) * 4;
  if (n >= params.hidden) { return; }
  var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
  var gated0 = vec4f();
  var raised0 = vec4f();
  for (var k = 0; k < params.width; k++) {
    let normed = vec4f((x[start + k] + delta[start + k]) * factor * weight[k]);
    gated0 = fma(normed, vec4f(gate[at + 0]), gated0);
    raised0 = fma(normed, vec4f(up[at + 0]), raised0);
    at += 2;
  }
  store(row, n + 0, gated0, raised0);
}

fn store(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) {
    let g = gated[i];
    let s = 1 / (1 + exp(min(-g, 80.0)));
    y[row * params.hidden + n + i] = g * s * raised[i];
  }
}
