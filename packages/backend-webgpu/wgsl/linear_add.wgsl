struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let tile = i32(id.x);
let n = tile * 8;
let first = i32(group.y) * 1;
if (n >= N || first >= M) { return; }
let a_offset = 0;
let b_offset = 0;
let c_offset = 0;
var low0 = vec4f();
var high0 = vec4f();
let a0 = (a_offset + min(first + 0, M - 1)) * K;
var at = tile * K * 2;
for (var k = 0; k < K; k++) {
let low = vec4f(b[at]);
let high = vec4f(b[at + 1]);
at += 2;
let x0 = vec4f(a[a0 + k]);
low0 = fma(x0, low, low0);
high0 = fma(x0, high, high0);
}
if (first + 0 < M) {
store_four(first + 0, n, c_offset + first + 0, N, low0);
store_four(first + 0, n + 4, c_offset + first + 0, N, high0);
}
}

// ----
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let tile = i32(id.x);
let n = tile * 8;
let first = i32(group.y) * 8;
if (n >= N || first >= M) { return; }
let a_offset = 0;
let b_offset = 0;
let c_offset = 0;
var low0 = vec4f();
var high0 = vec4f();
let a0 = (a_offset + min(first + 0, M - 1)) * K;
var low1 = vec4f();
var high1 = vec4f();
let a1 = (a_offset + min(first + 1, M - 1)) * K;
var low2 = vec4f();
var high2 = vec4f();
let a2 = (a_offset + min(first + 2, M - 1)) * K;
var low3 = vec4f();
var high3 = vec4f();
let a3 = (a_offset + min(first + 3, M - 1)) * K;
var low4 = vec4f();
var high4 = vec4f();
let a4 = (a_offset + min(first + 4, M - 1)) * K;
var low5 = vec4f();
var high5 = vec4f();
let a5 = (a_offset + min(first + 5, M - 1)) * K;
var low6 = vec4f();
var high6 = vec4f();
let a6 = (a_offset + min(first + 6, M - 1)) * K;
var low7 = vec4f();
var high7 = vec4f();
let a7 = (a_offset + min(first + 7, M - 1)) * K;
var at = tile * K * 2;
for (var k = 0; k < K; k++) {
let low = vec4f(b[at]);
let high = vec4f(b[at + 1]);
at += 2;
let x0 = vec4f(a[a0 + k]);
let x1 = vec4f(a[a1 + k]);
let x2 = vec4f(a[a2 + k]);
let x3 = vec4f(a[a3 + k]);
let x4 = vec4f(a[a4 + k]);
let x5 = vec4f(a[a5 + k]);
let x6 = vec4f(a[a6 + k]);
let x7 = vec4f(a[a7 + k]);
low0 = fma(x0, low, low0);
high0 = fma(x0, high, high0);
low1 = fma(x1, low, low1);
high1 = fma(x1, high, high1);
low2 = fma(x2, low, low2);
high2 = fma(x2, high, high2);
low3 = fma(x3, low, low3);
high3 = fma(x3, high, high3);
low4 = fma(x4, low, low4);
high4 = fma(x4, high, high4);
low5 = fma(x5, low, low5);
high5 = fma(x5, high, high5);
low6 = fma(x6, low, low6);
high6 = fma(x6, high, high6);
low7 = fma(x7, low, low7);
high7 = fma(x7, high, high7);
}
if (first + 0 < M) {
store_four(first + 0, n, c_offset + first + 0, N, low0);
store_four(first + 0, n + 4, c_offset + first + 0, N, high0);
}
if (first + 1 < M) {
store_four(first + 1, n, c_offset + first + 1, N, low1);
store_four(first + 1, n + 4, c_offset + first + 1, N, high1);
}
if (first + 2 < M) {
store_four(first + 2, n, c_offset + first + 2, N, low2);
store_four(first + 2, n + 4, c_offset + first + 2, N, high2);
}
if (first + 3 < M) {
store_four(first + 3, n, c_offset + first + 3, N, low3);
store_four(first + 3, n + 4, c_offset + first + 3, N, high3);
}
if (first + 4 < M) {
store_four(first + 4, n, c_offset + first + 4, N, low4);
store_four(first + 4, n + 4, c_offset + first + 4, N, high4);
}
if (first + 5 < M) {
store_four(first + 5, n, c_offset + first + 5, N, low5);
store_four(first + 5, n + 4, c_offset + first + 5, N, high5);
}
if (first + 6 < M) {
store_four(first + 6, n, c_offset + first + 6, N, low6);
store_four(first + 6, n + 4, c_offset + first + 6, N, high6);
}
if (first + 7 < M) {
store_four(first + 7, n, c_offset + first + 7, N, low7);
store_four(first + 7, n + 4, c_offset + first + 7, N, high7);
}
}

// ----
// tiles in workgroup memory
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
var<workgroup> weights: array<f32, 2112>;
var<workgroup> values_a: array<f32, 32>;

fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let lane = i32(index);
let first = i32(group.x) * 64;
let m = i32(group.y);
let a_offset = 0;
let b_offset = 0;
let c_offset = 0;
var sum = 0.0;
for (var start = 0; start < K; start += 32) {
for (var i = lane; i < 512; i += 64) {
let panel = i / 64;
let k = min(start + (i / 2) % 32, K - 1);
let values = vec4f(b[(min(first / 8 + panel, (N - 1) / 8) * K + k) * 2 + i % 2]);
let at = panel * 264 + (i % 64) * 4;
weights[at] = values.x;
weights[at + 1] = values.y;
weights[at + 2] = values.z;
weights[at + 3] = values.w;
}
if (lane < 32) { values_a[lane] = a[(a_offset + m) * K + min(start + lane, K - 1)]; }
workgroupBarrier();
let count = min(32, K - start);
for (var k = 0; k < count; k++) { sum = fma(values_a[k], weights[(lane / 8) * 264 + k * 8 + lane % 8], sum); }
workgroupBarrier();
}
if (first + lane < N) { store(m, first + lane, c_offset + m, N, sum); }
}

// ----
// tiles in workgroup memory
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
var<workgroup> a_tile: array<vec4f, 272>;
var<workgroup> b_tile: array<vec4f, 272>;

fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let lane = i32(index);
let first_n = i32(group.x) * 64;
let first_m = i32(group.y) * 64;
let a_offset = 0;
let b_offset = 0;
let c_offset = 0;
let across = lane % 16;
let down = lane / 16;
var sum0 = vec4f();
var sum1 = vec4f();
var sum2 = vec4f();
var sum3 = vec4f();
for (var start = 0; start < K; start += 16) {
{
let quad = lane / 16;
let depth = lane % 16;
let k = min(start + depth, K - 1);
let place = first_m + 4 * quad;
a_tile[depth * 17 + quad] = vec4f(a[(a_offset + min(place, M - 1)) * K + k], a[(a_offset + min((place + 1), M - 1)) * K + k], a[(a_offset + min((place + 2), M - 1)) * K + k], a[(a_offset + min((place + 3), M - 1)) * K + k]);
}
{
let quad = lane / 16;
let depth = lane % 16;
let k = min(start + depth, K - 1);
let place = first_n + 4 * quad;
b_tile[depth * 17 + quad] = vec4f(b[(min(place, N - 1) / 8 * K + k) * 2 + (place / 4) % 2]);
}
workgroupBarrier();
let count = min(16, K - start);
for (var k = 0; k < count; k++) {
let x = a_tile[k * 17 + down];
let y = b_tile[k * 17 + across];
sum0 = fma(vec4f(x[0]), y, sum0);
sum1 = fma(vec4f(x[1]), y, sum1);
sum2 = fma(vec4f(x[2]), y, sum2);
sum3 = fma(vec4f(x[3]), y, sum3);
}
workgroupBarrier();
}
let m = first_m + 4 * down;
let n = first_n + 4 * across;
if (m + 0 < M) { store_four(m + 0, n, c_offset + m + 0, N, sum0); }
if (m + 1 < M) { store_four(m + 1, n, c_offset + m + 1, N, sum1); }
if (m + 2 < M) { store_four(m + 2, n, c_offset + m + 2, N, sum2); }
if (m + 3 < M) { store_four(m + 3, n, c_offset + m + 3, N, sum3); }
}

// ----
// quads of subgroups
enable subgroups;
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

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

fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let n = i32(group.x) * 64 + i32(index);
let place = n % 4;
let m = i32(group.y);
let start = m * K;
var at = (min(n / 8, (N - 1) / 8) * K + place) * 2 + (n / 4) % 2;
var sum = 0.0;
var k = 0;
for (; k + 16 <= K; k += 16) {
  let a0 = a[start + k + 0 + place];
  let sum_row0 = vec4f(b[at + 0]);
  let a1 = a[start + k + 4 + place];
  let sum_row1 = vec4f(b[at + 8]);
  let a2 = a[start + k + 8 + place];
  let sum_row2 = vec4f(b[at + 16]);
  let a3 = a[start + k + 12 + place];
  let sum_row3 = vec4f(b[at + 24]);
  let four0 = values_of_quad(a0);
  sum = chained(four0, column_of_quad(sum_row0, place), sum);
  let four1 = values_of_quad(a1);
  sum = chained(four1, column_of_quad(sum_row1, place), sum);
  let four2 = values_of_quad(a2);
  sum = chained(four2, column_of_quad(sum_row2, place), sum);
  let four3 = values_of_quad(a3);
  sum = chained(four3, column_of_quad(sum_row3, place), sum);
  at += 32;
}
for (; k < K; k += 4) {
  let a0 = a[start + k + 0 + place];
  let sum_row0 = vec4f(b[at + 0]);
  let four0 = values_of_quad(a0);
  sum = chained(four0, column_of_quad(sum_row0, place), sum);
  at += 8;
}
if (n < N) { store(m, n, m, N, sum); }
}

// ----
// matrices in float16
enable f16;
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4h>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let tile = i32(id.x);
let n = tile * 8;
let first = i32(group.y) * 1;
if (n >= N || first >= M) { return; }
let a_offset = 0;
let b_offset = 0;
let c_offset = 0;
var low0 = vec4f();
var high0 = vec4f();
let a0 = (a_offset + min(first + 0, M - 1)) * K;
var at = tile * K * 2;
for (var k = 0; k < K; k++) {
let low = vec4f(b[at]);
let high = vec4f(b[at + 1]);
at += 2;
let x0 = vec4f(a[a0 + k]);
low0 = fma(x0, low, low0);
high0 = fma(x0, high, high0);
}
if (first + 0 < M) {
store_four(first + 0, n, c_offset + first + 0, N, low0);
store_four(first + 0, n + 4, c_offset + first + 0, N, high0);
}
}

// ----
// matrices in float16
enable f16;
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4h>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let tile = i32(id.x);
let n = tile * 8;
let first = i32(group.y) * 8;
if (n >= N || first >= M) { return; }
let a_offset = 0;
let b_offset = 0;
let c_offset = 0;
var low0 = vec4f();
var high0 = vec4f();
let a0 = (a_offset + min(first + 0, M - 1)) * K;
var low1 = vec4f();
var high1 = vec4f();
let a1 = (a_offset + min(first + 1, M - 1)) * K;
var low2 = vec4f();
var high2 = vec4f();
let a2 = (a_offset + min(first + 2, M - 1)) * K;
var low3 = vec4f();
var high3 = vec4f();
let a3 = (a_offset + min(first + 3, M - 1)) * K;
var low4 = vec4f();
var high4 = vec4f();
let a4 = (a_offset + min(first + 4, M - 1)) * K;
var low5 = vec4f();
var high5 = vec4f();
let a5 = (a_offset + min(first + 5, M - 1)) * K;
var low6 = vec4f();
var high6 = vec4f();
let a6 = (a_offset + min(first + 6, M - 1)) * K;
var low7 = vec4f();
var high7 = vec4f();
let a7 = (a_offset + min(first + 7, M - 1)) * K;
var at = tile * K * 2;
for (var k = 0; k < K; k++) {
let low = vec4f(b[at]);
let high = vec4f(b[at + 1]);
at += 2;
let x0 = vec4f(a[a0 + k]);
let x1 = vec4f(a[a1 + k]);
let x2 = vec4f(a[a2 + k]);
let x3 = vec4f(a[a3 + k]);
let x4 = vec4f(a[a4 + k]);
let x5 = vec4f(a[a5 + k]);
let x6 = vec4f(a[a6 + k]);
let x7 = vec4f(a[a7 + k]);
low0 = fma(x0, low, low0);
high0 = fma(x0, high, high0);
low1 = fma(x1, low, low1);
high1 = fma(x1, high, high1);
low2 = fma(x2, low, low2);
high2 = fma(x2, high, high2);
low3 = fma(x3, low, low3);
high3 = fma(x3, high, high3);
low4 = fma(x4, low, low4);
high4 = fma(x4, high, high4);
low5 = fma(x5, low, low5);
high5 = fma(x5, high, high5);
low6 = fma(x6, low, low6);
high6 = fma(x6, high, high6);
low7 = fma(x7, low, low7);
high7 = fma(x7, high, high7);
}
if (first + 0 < M) {
store_four(first + 0, n, c_offset + first + 0, N, low0);
store_four(first + 0, n + 4, c_offset + first + 0, N, high0);
}
if (first + 1 < M) {
store_four(first + 1, n, c_offset + first + 1, N, low1);
store_four(first + 1, n + 4, c_offset + first + 1, N, high1);
}
if (first + 2 < M) {
store_four(first + 2, n, c_offset + first + 2, N, low2);
store_four(first + 2, n + 4, c_offset + first + 2, N, high2);
}
if (first + 3 < M) {
store_four(first + 3, n, c_offset + first + 3, N, low3);
store_four(first + 3, n + 4, c_offset + first + 3, N, high3);
}
if (first + 4 < M) {
store_four(first + 4, n, c_offset + first + 4, N, low4);
store_four(first + 4, n + 4, c_offset + first + 4, N, high4);
}
if (first + 5 < M) {
store_four(first + 5, n, c_offset + first + 5, N, low5);
store_four(first + 5, n + 4, c_offset + first + 5, N, high5);
}
if (first + 6 < M) {
store_four(first + 6, n, c_offset + first + 6, N, low6);
store_four(first + 6, n + 4, c_offset + first + 6, N, high6);
}
if (first + 7 < M) {
store_four(first + 7, n, c_offset + first + 7, N, low7);
store_four(first + 7, n + 4, c_offset + first + 7, N, high7);
}
}

// ----
// matrices in float16
enable f16;
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4h>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
var<workgroup> weights: array<f32, 2112>;
var<workgroup> values_a: array<f32, 32>;

fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let lane = i32(index);
let first = i32(group.x) * 64;
let m = i32(group.y);
let a_offset = 0;
let b_offset = 0;
let c_offset = 0;
var sum = 0.0;
for (var start = 0; start < K; start += 32) {
for (var i = lane; i < 512; i += 64) {
let panel = i / 64;
let k = min(start + (i / 2) % 32, K - 1);
let values = vec4f(b[(min(first / 8 + panel, (N - 1) / 8) * K + k) * 2 + i % 2]);
let at = panel * 264 + (i % 64) * 4;
weights[at] = values.x;
weights[at + 1] = values.y;
weights[at + 2] = values.z;
weights[at + 3] = values.w;
}
if (lane < 32) { values_a[lane] = a[(a_offset + m) * K + min(start + lane, K - 1)]; }
workgroupBarrier();
let count = min(32, K - start);
for (var k = 0; k < count; k++) { sum = fma(values_a[k], weights[(lane / 8) * 264 + k * 8 + lane % 8], sum); }
workgroupBarrier();
}
if (first + lane < N) { store(m, first + lane, c_offset + m, N, sum); }
}

// ----
// matrices in float16
enable f16;
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4h>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
var<workgroup> a_tile: array<vec4f, 272>;
var<workgroup> b_tile: array<vec4f, 272>;

fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let lane = i32(index);
let first_n = i32(group.x) * 64;
let first_m = i32(group.y) * 64;
let a_offset = 0;
let b_offset = 0;
let c_offset = 0;
let across = lane % 16;
let down = lane / 16;
var sum0 = vec4f();
var sum1 = vec4f();
var sum2 = vec4f();
var sum3 = vec4f();
for (var start = 0; start < K; start += 16) {
{
let quad = lane / 16;
let depth = lane % 16;
let k = min(start + depth, K - 1);
let place = first_m + 4 * quad;
a_tile[depth * 17 + quad] = vec4f(a[(a_offset + min(place, M - 1)) * K + k], a[(a_offset + min((place + 1), M - 1)) * K + k], a[(a_offset + min((place + 2), M - 1)) * K + k], a[(a_offset + min((place + 3), M - 1)) * K + k]);
}
{
let quad = lane / 16;
let depth = lane % 16;
let k = min(start + depth, K - 1);
let place = first_n + 4 * quad;
b_tile[depth * 17 + quad] = vec4f(b[(min(place, N - 1) / 8 * K + k) * 2 + (place / 4) % 2]);
}
workgroupBarrier();
let count = min(16, K - start);
for (var k = 0; k < count; k++) {
let x = a_tile[k * 17 + down];
let y = b_tile[k * 17 + across];
sum0 = fma(vec4f(x[0]), y, sum0);
sum1 = fma(vec4f(x[1]), y, sum1);
sum2 = fma(vec4f(x[2]), y, sum2);
sum3 = fma(vec4f(x[3]), y, sum3);
}
workgroupBarrier();
}
let m = first_m + 4 * down;
let n = first_n + 4 * across;
if (m + 0 < M) { store_four(m + 0, n, c_offset + m + 0, N, sum0); }
if (m + 1 < M) { store_four(m + 1, n, c_offset + m + 1, N, sum1); }
if (m + 2 < M) { store_four(m + 2, n, c_offset + m + 2, N, sum2); }
if (m + 3 < M) { store_four(m + 3, n, c_offset + m + 3, N, sum3); }
}

// ----
// matrices in float16
enable f16;
enable subgroups;
struct Params { m: i32, n: i32, k: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4h>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

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

fn store(m: i32, n: i32, row: i32, N: i32, value: f32) {
  c[row * N + n] = residual[row * N + n] + value;
}

fn store_four(m: i32, n: i32, row: i32, N: i32, values: vec4f) {
  if (n < N) { store(m, n, row, N, values.x); }
  if (n + 1 < N) { store(m, n + 1, row, N, values.y); }
  if (n + 2 < N) { store(m, n + 2, row, N, values.z); }
  if (n + 3 < N) { store(m, n + 3, row, N, values.w); }
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
let M = params.m;
let N = params.n;
let K = params.k;
let n = i32(group.x) * 64 + i32(index);
let place = n % 4;
let m = i32(group.y);
let start = m * K;
var at = (min(n / 8, (N - 1) / 8) * K + place) * 2 + (n / 4) % 2;
var sum = 0.0;
var k = 0;
for (; k + 16 <= K; k += 16) {
  let a0 = a[start + k + 0 + place];
  let sum_row0 = vec4f(b[at + 0]);
  let a1 = a[start + k + 4 + place];
  let sum_row1 = vec4f(b[at + 8]);
  let a2 = a[start + k + 8 + place];
  let sum_row2 = vec4f(b[at + 16]);
  let a3 = a[start + k + 12 + place];
  let sum_row3 = vec4f(b[at + 24]);
  let four0 = values_of_quad(a0);
  sum = chained(four0, column_of_quad(sum_row0, place), sum);
  let four1 = values_of_quad(a1);
  sum = chained(four1, column_of_quad(sum_row1, place), sum);
  let four2 = values_of_quad(a2);
  sum = chained(four2, column_of_quad(sum_row2, place), sum);
  let four3 = values_of_quad(a3);
  sum = chained(four3, column_of_quad(sum_row3, place), sum);
  at += 32;
}
for (; k < K; k += 4) {
  let a0 = a[start + k + 0 + place];
  let sum_row0 = vec4f(b[at + 0]);
  let four0 = values_of_quad(a0);
  sum = chained(four0, column_of_quad(sum_row0, place), sum);
  at += 8;
}
if (n < N) { store(m, n, m, N, sum); }
}
