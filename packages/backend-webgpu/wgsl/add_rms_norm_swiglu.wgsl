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
  store_four(row, n + 0, gated0, raised0);
  store_four(row, n + 4, gated1, raised1);
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  let s = 1 / (1 + exp(min(-g, 80.0)));
  y[row * params.hidden + n] = g * s * raised;
}

fn store_four(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) { store(row, n + i, gated[i], raised[i]); }
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
  store_four(row, n + 0, gated0, raised0);
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  let s = 1 / (1 + exp(min(-g, 80.0)));
  y[row * params.hidden + n] = g * s * raised;
}

fn store_four(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) { store(row, n + i, gated[i], raised[i]); }
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
  store_four(row, n + 0, gated0, raised0);
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  let s = 1 / (1 + exp(min(-g, 80.0)));
  y[row * params.hidden + n] = g * s * raised;
}

fn store_four(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) { store(row, n + i, gated[i], raised[i]); }
}

// ----
// quads of subgroups
enable subgroups;
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

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += 64) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = i32(group.x) * 64 + lane;
  let place = n % 4;
  var at = (min(n / 8, (params.hidden - 1) / 8) * params.width + place) * 2 + (n / 4) % 2;
  var gated = 0.0;
  var raised = 0.0;
  var k = 0;
  for (; k + 16 <= params.width; k += 16) {
    let a0 = (x[start + k + 0 + place] + delta[start + k + 0 + place]) * factor * weight[k + 0 + place];
    let gated_row0 = vec4f(gate[at + 0]);
    let raised_row0 = vec4f(up[at + 0]);
    let a1 = (x[start + k + 4 + place] + delta[start + k + 4 + place]) * factor * weight[k + 4 + place];
    let gated_row1 = vec4f(gate[at + 8]);
    let raised_row1 = vec4f(up[at + 8]);
    let a2 = (x[start + k + 8 + place] + delta[start + k + 8 + place]) * factor * weight[k + 8 + place];
    let gated_row2 = vec4f(gate[at + 16]);
    let raised_row2 = vec4f(up[at + 16]);
    let a3 = (x[start + k + 12 + place] + delta[start + k + 12 + place]) * factor * weight[k + 12 + place];
    let gated_row3 = vec4f(gate[at + 24]);
    let raised_row3 = vec4f(up[at + 24]);
    let four0 = values_of_quad(a0);
    gated = chained(four0, column_of_quad(gated_row0, place), gated);
    raised = chained(four0, column_of_quad(raised_row0, place), raised);
    let four1 = values_of_quad(a1);
    gated = chained(four1, column_of_quad(gated_row1, place), gated);
    raised = chained(four1, column_of_quad(raised_row1, place), raised);
    let four2 = values_of_quad(a2);
    gated = chained(four2, column_of_quad(gated_row2, place), gated);
    raised = chained(four2, column_of_quad(raised_row2, place), raised);
    let four3 = values_of_quad(a3);
    gated = chained(four3, column_of_quad(gated_row3, place), gated);
    raised = chained(four3, column_of_quad(raised_row3, place), raised);
    at += 32;
  }
  for (; k < params.width; k += 4) {
    let a0 = (x[start + k + 0 + place] + delta[start + k + 0 + place]) * factor * weight[k + 0 + place];
    let gated_row0 = vec4f(gate[at + 0]);
    let raised_row0 = vec4f(up[at + 0]);
    let four0 = values_of_quad(a0);
    gated = chained(four0, column_of_quad(gated_row0, place), gated);
    raised = chained(four0, column_of_quad(raised_row0, place), raised);
    at += 8;
  }
  if (n < params.hidden) { store(row, n, gated, raised); }
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  let s = 1 / (1 + exp(min(-g, 80.0)));
  y[row * params.hidden + n] = g * s * raised;
}

/** The values of the quad. */
fn values_of_quad(value: f32) -> vec4f {
  return vec4f(quadBroadcast(value, 0), quadBroadcast(value, 1), quadBroadcast(value, 2), quadBroadcast(value, 3));
}

/** This place's column of the matrix whose rows the quad has. */
fn column_of_quad(row: vec4f, place: i32) -> vec4f {
  let is_odd = place % 2 == 1;
  let near = quadSwapX(select(row.yw, row.xz, is_odd));
  let pairs = select(vec4f(row.x, near.x, row.z, near.y), vec4f(near.x, row.y, near.y, row.w), is_odd);
  let is_second = place >= 2;
  let far = quadSwapY(select(pairs.zw, pairs.xy, is_second));
  return select(vec4f(pairs.xy, far), vec4f(far, pairs.zw), is_second);
}

/** Four links of a chain. */
fn chained(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
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
  store_four(row, n + 0, gated0, raised0);
  store_four(row, n + 4, gated1, raised1);
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  let s = 1 / (1 + exp(min(-g, 80.0)));
  y[row * params.hidden + n] = g * s * raised;
}

fn store_four(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) { store(row, n + i, gated[i], raised[i]); }
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
  store_four(row, n + 0, gated0, raised0);
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  let s = 1 / (1 + exp(min(-g, 80.0)));
  y[row * params.hidden + n] = g * s * raised;
}

fn store_four(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) { store(row, n + i, gated[i], raised[i]); }
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
  store_four(row, n + 0, gated0, raised0);
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  let s = 1 / (1 + exp(min(-g, 80.0)));
  y[row * params.hidden + n] = g * s * raised;
}

fn store_four(row: i32, n: i32, gated: vec4f, raised: vec4f) {
  for (var i = 0; i < min(4, params.hidden - n); i++) { store(row, n + i, gated[i], raised[i]); }
}

// ----
// matrices in float16
enable f16;
enable subgroups;
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

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  let row = i32(group.y);
  let start = row * params.width;
  let factor = 1 / sqrt(squares_of(start, lane) / f32(params.width) + params.eps);
  if (group.x == 0) {
    for (var c = lane; c < params.width; c += 64) { sum[start + c] = x[start + c] + delta[start + c]; }
  }
  let n = i32(group.x) * 64 + lane;
  let place = n % 4;
  var at = (min(n / 8, (params.hidden - 1) / 8) * params.width + place) * 2 + (n / 4) % 2;
  var gated = 0.0;
  var raised = 0.0;
  var k = 0;
  for (; k + 16 <= params.width; k += 16) {
    let a0 = (x[start + k + 0 + place] + delta[start + k + 0 + place]) * factor * weight[k + 0 + place];
    let gated_row0 = vec4f(gate[at + 0]);
    let raised_row0 = vec4f(up[at + 0]);
    let a1 = (x[start + k + 4 + place] + delta[start + k + 4 + place]) * factor * weight[k + 4 + place];
    let gated_row1 = vec4f(gate[at + 8]);
    let raised_row1 = vec4f(up[at + 8]);
    let a2 = (x[start + k + 8 + place] + delta[start + k + 8 + place]) * factor * weight[k + 8 + place];
    let gated_row2 = vec4f(gate[at + 16]);
    let raised_row2 = vec4f(up[at + 16]);
    let a3 = (x[start + k + 12 + place] + delta[start + k + 12 + place]) * factor * weight[k + 12 + place];
    let gated_row3 = vec4f(gate[at + 24]);
    let raised_row3 = vec4f(up[at + 24]);
    let four0 = values_of_quad(a0);
    gated = chained(four0, column_of_quad(gated_row0, place), gated);
    raised = chained(four0, column_of_quad(raised_row0, place), raised);
    let four1 = values_of_quad(a1);
    gated = chained(four1, column_of_quad(gated_row1, place), gated);
    raised = chained(four1, column_of_quad(raised_row1, place), raised);
    let four2 = values_of_quad(a2);
    gated = chained(four2, column_of_quad(gated_row2, place), gated);
    raised = chained(four2, column_of_quad(raised_row2, place), raised);
    let four3 = values_of_quad(a3);
    gated = chained(four3, column_of_quad(gated_row3, place), gated);
    raised = chained(four3, column_of_quad(raised_row3, place), raised);
    at += 32;
  }
  for (; k < params.width; k += 4) {
    let a0 = (x[start + k + 0 + place] + delta[start + k + 0 + place]) * factor * weight[k + 0 + place];
    let gated_row0 = vec4f(gate[at + 0]);
    let raised_row0 = vec4f(up[at + 0]);
    let four0 = values_of_quad(a0);
    gated = chained(four0, column_of_quad(gated_row0, place), gated);
    raised = chained(four0, column_of_quad(raised_row0, place), raised);
    at += 8;
  }
  if (n < params.hidden) { store(row, n, gated, raised); }
}

fn store(row: i32, n: i32, gated: f32, raised: f32) {
  let g = gated;
  let s = 1 / (1 + exp(min(-g, 80.0)));
  y[row * params.hidden + n] = g * s * raised;
}

/** The values of the quad. */
fn values_of_quad(value: f32) -> vec4f {
  return vec4f(quadBroadcast(value, 0), quadBroadcast(value, 1), quadBroadcast(value, 2), quadBroadcast(value, 3));
}

/** This place's column of the matrix whose rows the quad has. */
fn column_of_quad(row: vec4f, place: i32) -> vec4f {
  let is_odd = place % 2 == 1;
  let near = quadSwapX(select(row.yw, row.xz, is_odd));
  let pairs = select(vec4f(row.x, near.x, row.z, near.y), vec4f(near.x, row.y, near.y, row.w), is_odd);
  let is_second = place >= 2;
  let far = quadSwapY(select(pairs.zw, pairs.xy, is_second));
  return select(vec4f(pairs.xy, far), vec4f(far, pairs.zw), is_second);
}

/** Four links of a chain. */
fn chained(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}
