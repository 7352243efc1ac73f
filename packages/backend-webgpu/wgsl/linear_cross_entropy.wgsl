struct Params { rows: i32, classes: i32, k: i32, chunks: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> targets: array<i32>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>;
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
let chunk = i32(id.x);
let first = i32(id.y) * 4;
if (chunk >= params.chunks || first >= params.rows) { return; }
let row0 = min(first + 0, params.rows - 1);
let wanted0 = targets[row0];
var state0 = vec4f(-3e38, 0, 0, 0);
let row1 = min(first + 1, params.rows - 1);
let wanted1 = targets[row1];
var state1 = vec4f(-3e38, 0, 0, 0);
let row2 = min(first + 2, params.rows - 1);
let wanted2 = targets[row2];
var state2 = vec4f(-3e38, 0, 0, 0);
let row3 = min(first + 3, params.rows - 1);
let wanted3 = targets[row3];
var state3 = vec4f(-3e38, 0, 0, 0);
let end = min((chunk + 1) * 64, params.classes);
for (var panel = chunk * 64; panel < end; panel += 8) {
let class0 = min(panel + 0, params.classes - 1);
let class1 = min(panel + 1, params.classes - 1);
let class2 = min(panel + 2, params.classes - 1);
let class3 = min(panel + 3, params.classes - 1);
let class4 = min(panel + 4, params.classes - 1);
let class5 = min(panel + 5, params.classes - 1);
let class6 = min(panel + 6, params.classes - 1);
let class7 = min(panel + 7, params.classes - 1);
var low0 = vec4f();
var high0 = vec4f();
var low1 = vec4f();
var high1 = vec4f();
var low2 = vec4f();
var high2 = vec4f();
var low3 = vec4f();
var high3 = vec4f();
for (var k = 0; k < params.k; k++) {
let low = vec4f(weight[class0 * params.k + k], weight[class1 * params.k + k], weight[class2 * params.k + k], weight[class3 * params.k + k]);
let high = vec4f(weight[class4 * params.k + k], weight[class5 * params.k + k], weight[class6 * params.k + k], weight[class7 * params.k + k]);
{ let value = vec4f(x[row0 * params.k + k]); low0 = fma(value, low, low0); high0 = fma(value, high, high0); }
{ let value = vec4f(x[row1 * params.k + k]); low1 = fma(value, low, low1); high1 = fma(value, high, high1); }
{ let value = vec4f(x[row2 * params.k + k]); low2 = fma(value, low, low2); high2 = fma(value, high, high2); }
{ let value = vec4f(x[row3 * params.k + k]); low3 = fma(value, low, low3); high3 = fma(value, high, high3); }
}
let used = end - panel;
state0 = merge(state0, low0, high0, used, wanted0 - panel);
state1 = merge(state1, low1, high1, used, wanted1 - panel);
state2 = merge(state2, low2, high2, used, wanted2 - panel);
state3 = merge(state3, low3, high3, used, wanted3 - panel);
}
if (first + 0 < params.rows) { partials[row0 * params.chunks + chunk] = state0; }
if (first + 1 < params.rows) { partials[row1 * params.chunks + chunk] = state1; }
if (first + 2 < params.rows) { partials[row2 * params.chunks + chunk] = state2; }
if (first + 3 < params.rows) { partials[row3 * params.chunks + chunk] = state3; }
}

fn merge(state: vec4f, low: vec4f, high: vec4f, used: i32, wanted: i32) -> vec4f {
  var logits = array<f32, 8>(low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
  var largest = state.x;
  for (var i = 0; i < 8; i++) { if (i < used) { largest = max(largest, logits[i]); } }
  var sum = state.y * exp(max(state.x - largest, -100.0));
  var found = state.z;
  for (var i = 0; i < 8; i++) {
    if (i < used) { sum += exp(max(logits[i] - largest, -100.0)); }
    if (i == wanted && i < used) { found = logits[i]; }
  }
  return vec4f(largest, sum, found, 0);
}

// ----
struct Params { rows: i32, chunks: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = params.rows;
  for (var i = i32(id.x); i < limit; i += 64 * i32(groups.x)) {
    var largest = -3e38;
    for (var chunk = 0; chunk < params.chunks; chunk++) { largest = max(largest, partials[i * params.chunks + chunk].x); }
    var sum = 0.0;
    var found = 0.0;
    for (var chunk = 0; chunk < params.chunks; chunk++) {
      let state = partials[i * params.chunks + chunk];
      sum += state.y * exp(max(state.x - largest, -100.0));
      found += state.z;
    }
    losses[i] = select(largest + log(sum) - found, 0, targets[i] < 0);
  }
}

// ----
struct Params { rows: i32, classes: i32, k: i32, chunks: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> targets: array<i32>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>;
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
let chunk = i32(id.x);
let first = i32(id.y) * 4;
if (chunk >= params.chunks || first >= params.rows) { return; }
let row0 = min(first + 0, params.rows - 1);
let wanted0 = targets[row0];
var state0 = vec4f(-3e38, 0, 0, 0);
let row1 = min(first + 1, params.rows - 1);
let wanted1 = targets[row1];
var state1 = vec4f(-3e38, 0, 0, 0);
let row2 = min(first + 2, params.rows - 1);
let wanted2 = targets[row2];
var state2 = vec4f(-3e38, 0, 0, 0);
let row3 = min(first + 3, params.rows - 1);
let wanted3 = targets[row3];
var state3 = vec4f(-3e38, 0, 0, 0);
let end = min((chunk + 1) * 64, params.classes);
for (var panel = chunk * 64; panel < end; panel += 8) {
let class0 = min(panel + 0, params.classes - 1);
let class1 = min(panel + 1, params.classes - 1);
let class2 = min(panel + 2, params.classes - 1);
let class3 = min(panel + 3, params.classes - 1);
let class4 = min(panel + 4, params.classes - 1);
let class5 = min(panel + 5, params.classes - 1);
let class6 = min(panel + 6, params.classes - 1);
let class7 = min(panel + 7, params.classes - 1);
var low0 = vec4f();
var high0 = vec4f();
var low1 = vec4f();
var high1 = vec4f();
var low2 = vec4f();
var high2 = vec4f();
var low3 = vec4f();
var high3 = vec4f();
for (var k = 0; k < params.k; k++) {
let low = vec4f(f32(weight[((class0 / 8) * params.k + k) * 8 + class0 % 8]), f32(weight[((class1 / 8) * params.k + k) * 8 + class1 % 8]), f32(weight[((class2 / 8) * params.k + k) * 8 + class2 % 8]), f32(weight[((class3 / 8) * params.k + k) * 8 + class3 % 8]));
let high = vec4f(f32(weight[((class4 / 8) * params.k + k) * 8 + class4 % 8]), f32(weight[((class5 / 8) * params.k + k) * 8 + class5 % 8]), f32(weight[((class6 / 8) * params.k + k) * 8 + class6 % 8]), f32(weight[((class7 / 8) * params.k + k) * 8 + class7 % 8]));
{ let value = vec4f(x[row0 * params.k + k]); low0 = fma(value, low, low0); high0 = fma(value, high, high0); }
{ let value = vec4f(x[row1 * params.k + k]); low1 = fma(value, low, low1); high1 = fma(value, high, high1); }
{ let value = vec4f(x[row2 * params.k + k]); low2 = fma(value, low, low2); high2 = fma(value, high, high2); }
{ let value = vec4f(x[row3 * params.k + k]); low3 = fma(value, low, low3); high3 = fma(value, high, high3); }
}
let used = end - panel;
state0 = merge(state0, low0, high0, used, wanted0 - panel);
state1 = merge(state1, low1, high1, used, wanted1 - panel);
state2 = merge(state2, low2, high2, used, wanted2 - panel);
state3 = merge(state3, low3, high3, used, wanted3 - panel);
}
if (first + 0 < params.rows) { partials[row0 * params.chunks + chunk] = state0; }
if (first + 1 < params.rows) { partials[row1 * params.chunks + chunk] = state1; }
if (first + 2 < params.rows) { partials[row2 * params.chunks + chunk] = state2; }
if (first + 3 < params.rows) { partials[row3 * params.chunks + chunk] = state3; }
}

fn merge(state: vec4f, low: vec4f, high: vec4f, used: i32, wanted: i32) -> vec4f {
  var logits = array<f32, 8>(low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
  var largest = state.x;
  for (var i = 0; i < 8; i++) { if (i < used) { largest = max(largest, logits[i]); } }
  var sum = state.y * exp(max(state.x - largest, -100.0));
  var found = state.z;
  for (var i = 0; i < 8; i++) {
    if (i < used) { sum += exp(max(logits[i] - largest, -100.0)); }
    if (i == wanted && i < used) { found = logits[i]; }
  }
  return vec4f(largest, sum, found, 0);
}

// ----
// matrices in float16
enable f16;
struct Params { rows: i32, classes: i32, k: i32, chunks: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f16>;
@group(0) @binding(3) var<storage, read> targets: array<i32>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>;
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
let chunk = i32(id.x);
let first = i32(id.y) * 4;
if (chunk >= params.chunks || first >= params.rows) { return; }
let row0 = min(first + 0, params.rows - 1);
let wanted0 = targets[row0];
var state0 = vec4f(-3e38, 0, 0, 0);
let row1 = min(first + 1, params.rows - 1);
let wanted1 = targets[row1];
var state1 = vec4f(-3e38, 0, 0, 0);
let row2 = min(first + 2, params.rows - 1);
let wanted2 = targets[row2];
var state2 = vec4f(-3e38, 0, 0, 0);
let row3 = min(first + 3, params.rows - 1);
let wanted3 = targets[row3];
var state3 = vec4f(-3e38, 0, 0, 0);
let end = min((chunk + 1) * 64, params.classes);
for (var panel = chunk * 64; panel < end; panel += 8) {
let class0 = min(panel + 0, params.classes - 1);
let class1 = min(panel + 1, params.classes - 1);
let class2 = min(panel + 2, params.classes - 1);
let class3 = min(panel + 3, params.classes - 1);
let class4 = min(panel + 4, params.classes - 1);
let class5 = min(panel + 5, params.classes - 1);
let class6 = min(panel + 6, params.classes - 1);
let class7 = min(panel + 7, params.classes - 1);
var low0 = vec4f();
var high0 = vec4f();
var low1 = vec4f();
var high1 = vec4f();
var low2 = vec4f();
var high2 = vec4f();
var low3 = vec4f();
var high3 = vec4f();
for (var k = 0; k < params.k; k++) {
let low = vec4f(f32(weight[((class0 / 8) * params.k + k) * 8 + class0 % 8]), f32(weight[((class1 / 8) * params.k + k) * 8 + class1 % 8]), f32(weight[((class2 / 8) * params.k + k) * 8 + class2 % 8]), f32(weight[((class3 / 8) * params.k + k) * 8 + class3 % 8]));
let high = vec4f(f32(weight[((class4 / 8) * params.k + k) * 8 + class4 % 8]), f32(weight[((class5 / 8) * params.k + k) * 8 + class5 % 8]), f32(weight[((class6 / 8) * params.k + k) * 8 + class6 % 8]), f32(weight[((class7 / 8) * params.k + k) * 8 + class7 % 8]));
{ let value = vec4f(x[row0 * params.k + k]); low0 = fma(value, low, low0); high0 = fma(value, high, high0); }
{ let value = vec4f(x[row1 * params.k + k]); low1 = fma(value, low, low1); high1 = fma(value, high, high1); }
{ let value = vec4f(x[row2 * params.k + k]); low2 = fma(value, low, low2); high2 = fma(value, high, high2); }
{ let value = vec4f(x[row3 * params.k + k]); low3 = fma(value, low, low3); high3 = fma(value, high, high3); }
}
let used = end - panel;
state0 = merge(state0, low0, high0, used, wanted0 - panel);
state1 = merge(state1, low1, high1, used, wanted1 - panel);
state2 = merge(state2, low2, high2, used, wanted2 - panel);
state3 = merge(state3, low3, high3, used, wanted3 - panel);
}
if (first + 0 < params.rows) { partials[row0 * params.chunks + chunk] = state0; }
if (first + 1 < params.rows) { partials[row1 * params.chunks + chunk] = state1; }
if (first + 2 < params.rows) { partials[row2 * params.chunks + chunk] = state2; }
if (first + 3 < params.rows) { partials[row3 * params.chunks + chunk] = state3; }
}

fn merge(state: vec4f, low: vec4f, high: vec4f, used: i32, wanted: i32) -> vec4f {
  var logits = array<f32, 8>(low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
  var largest = state.x;
  for (var i = 0; i < 8; i++) { if (i < used) { largest = max(largest, logits[i]); } }
  var sum = state.y * exp(max(state.x - largest, -100.0));
  var found = state.z;
  for (var i = 0; i < 8; i++) {
    if (i < used) { sum += exp(max(logits[i] - largest, -100.0)); }
    if (i == wanted && i < used) { found = logits[i]; }
  }
  return vec4f(largest, sum, found, 0);
}
