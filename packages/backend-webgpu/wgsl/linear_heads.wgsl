struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<f32>;
@group(0) @binding(3) var<storage, read> norm0: array<f32>;
@group(0) @binding(4) var<storage, read_write> y0: array<f32>;
@group(0) @binding(5) var<storage, read> weight1: array<f32>;
@group(0) @binding(6) var<storage, read> norm1: array<f32>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 3;
const TILE: i32 = 1;
alias Element = f32;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(3)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      y0[row * params.out0 + head * D + c] = whole[c] * factor * norm0[c];
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      y1[row * params.out1 + head * D + c] = whole[c] * factor * norm1[c];
    }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<f32>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<f32>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 3;
const TILE: i32 = 1;
alias Element = f32;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(3)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out0) { y0[row * params.out0 + head * D + column] = values0; }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> rotation: array<f32>;
@group(0) @binding(4) var<storage, read> weight0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<f32>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 6;
const TILE: i32 = 1;
alias Element = f32;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c];
    squares += element * element;
  }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(6)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<f32>;
@group(0) @binding(4) var<storage, read_write> y0: array<f32>;
@group(0) @binding(5) var<storage, read> weight1: array<f32>;
@group(0) @binding(6) var<storage, read_write> y1: array<f32>;
const D: i32 = 6;
const TILE: i32 = 1;
alias Element = f32;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c];
    squares += element * element;
  }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(6)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out0) { y0[row * params.out0 + head * D + column] = values0; }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(7) var<storage, read> norm1: array<f32>;
@group(0) @binding(8) var<storage, read_write> y1: array<f32>;
const D: i32 = 8;
const TILE: i32 = 8;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(1)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      values1 = fma(value, Element(weight0[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    for (var i = 0; i < 4; i++) { whole[column + 4 + i] = values1[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      values1 = fma(value, Element(weight1[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    for (var i = 0; i < 4; i++) { whole[column + 4 + i] = values1[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm1[pair];
      let b = whole[pair + half] * factor * norm1[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 8;
const TILE: i32 = 8;
alias Element = vec4f;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(1)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      values1 = fma(value, Element(weight0[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
    for (var i = 0; i < 4; i++) { if (head * D + column + 4 + i < params.out0) { y0[row * params.out0 + head * D + column + 4 + i] = values1[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      values1 = fma(value, Element(weight1[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
    for (var i = 0; i < 4; i++) { if (head * D + column + 4 + i < params.out1) { y1[row * params.out1 + head * D + column + 4 + i] = values1[i]; } }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> rotation: array<f32>;
@group(0) @binding(4) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(7) var<storage, read> norm1: array<f32>;
@group(0) @binding(8) var<storage, read_write> y1: array<f32>;
const D: i32 = 20;
const TILE: i32 = 4;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c];
    squares += element * element;
  }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(5)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm1[pair];
      let b = whole[pair + half] * factor * norm1[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y0: array<f32>;
@group(0) @binding(5) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y1: array<f32>;
const D: i32 = 20;
const TILE: i32 = 4;
alias Element = vec4f;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c];
    squares += element * element;
  }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(5)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 8;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(10)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      values1 = fma(value, Element(weight0[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    for (var i = 0; i < 4; i++) { whole[column + 4 + i] = values1[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      values1 = fma(value, Element(weight1[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    for (var i = 0; i < 4; i++) { whole[column + 4 + i] = values1[i]; }
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 8;
alias Element = vec4f;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(10)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      values1 = fma(value, Element(weight0[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
    for (var i = 0; i < 4; i++) { if (head * D + column + 4 + i < params.out0) { y0[row * params.out0 + head * D + column + 4 + i] = values1[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      values1 = fma(value, Element(weight1[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
    for (var i = 0; i < 4; i++) { if (head * D + column + 4 + i < params.out1) { y1[row * params.out1 + head * D + column + 4 + i] = values1[i]; } }
  }
}

// ----
// tiles in workgroup memory
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> rotation: array<f32>;
@group(0) @binding(4) var<storage, read> weight0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<f32>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 6;
const TILE: i32 = 1;
alias Element = f32;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
var<workgroup> shares: array<f32, 64>;

fn squares_of(start: i32, lane: i32) -> f32 {
  for (var own = lane; own < 64; own += 6) {
    var share = 0.0;
    for (var c = own; c < params.width; c += 64) {
      let element = x[start + c];
      share = fma(element, element, share);
    }
    shares[own] = share;
  }
  workgroupBarrier();
  var squares = 0.0;
  for (var other = 0; other < 64; other++) { squares += shares[other]; }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(6)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
// tiles in workgroup memory
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<f32>;
@group(0) @binding(4) var<storage, read_write> y0: array<f32>;
@group(0) @binding(5) var<storage, read> weight1: array<f32>;
@group(0) @binding(6) var<storage, read_write> y1: array<f32>;
const D: i32 = 6;
const TILE: i32 = 1;
alias Element = f32;
var<workgroup> shares: array<f32, 64>;

fn squares_of(start: i32, lane: i32) -> f32 {
  for (var own = lane; own < 64; own += 6) {
    var share = 0.0;
    for (var c = own; c < params.width; c += 64) {
      let element = x[start + c];
      share = fma(element, element, share);
    }
    shares[own] = share;
  }
  workgroupBarrier();
  var squares = 0.0;
  for (var other = 0; other < 64; other++) { squares += shares[other]; }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(6)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out0) { y0[row * params.out0 + head * D + column] = values0; }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
// tiles in workgroup memory
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(7) var<storage, read> norm1: array<f32>;
@group(0) @binding(8) var<storage, read_write> y1: array<f32>;
const D: i32 = 8;
const TILE: i32 = 4;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(2)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm1[pair];
      let b = whole[pair + half] * factor * norm1[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// tiles in workgroup memory
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 8;
const TILE: i32 = 4;
alias Element = vec4f;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(2)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
  }
}

// ----
// tiles in workgroup memory
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 4;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(20)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var other = 0; other < 64; other++) {
      var share = 0.0;
      for (var c = other; c < D; c += 64) { share = fma(whole[c], whole[c], share); }
      squares += share;
    }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// tiles in workgroup memory
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 4;
alias Element = vec4f;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(20)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
  }
}

// ----
// quads of subgroups
enable subgroups;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 1;
alias Element = f32;

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
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(80)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    let place = n % 4;
    var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
    var values0 = 0.0;
    var k = 0;
    for (; k + 16 <= params.width; k += 16) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight0[at + 0]);
      let a1 = element(start + k + 4 + place, k + 4 + place);
      let values0_row1 = vec4f(weight0[at + 8]);
      let a2 = element(start + k + 8 + place, k + 8 + place);
      let values0_row2 = vec4f(weight0[at + 16]);
      let a3 = element(start + k + 12 + place, k + 12 + place);
      let values0_row3 = vec4f(weight0[at + 24]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      let four1 = values_of_quad(a1);
      values0 = chained(four1, column_of_quad(values0_row1, place), values0);
      let four2 = values_of_quad(a2);
      values0 = chained(four2, column_of_quad(values0_row2, place), values0);
      let four3 = values_of_quad(a3);
      values0 = chained(four3, column_of_quad(values0_row3, place), values0);
      at += 32;
    }
    for (; k < params.width; k += 4) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight0[at + 0]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    var squares = 0.0;
    for (var other = 0; other < 64; other++) {
      var share = 0.0;
      for (var c = other; c < D; c += 64) { share = fma(whole[c], whole[c], share); }
      squares += share;
    }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    let place = n % 4;
    var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
    var values0 = 0.0;
    var k = 0;
    for (; k + 16 <= params.width; k += 16) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight1[at + 0]);
      let a1 = element(start + k + 4 + place, k + 4 + place);
      let values0_row1 = vec4f(weight1[at + 8]);
      let a2 = element(start + k + 8 + place, k + 8 + place);
      let values0_row2 = vec4f(weight1[at + 16]);
      let a3 = element(start + k + 12 + place, k + 12 + place);
      let values0_row3 = vec4f(weight1[at + 24]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      let four1 = values_of_quad(a1);
      values0 = chained(four1, column_of_quad(values0_row1, place), values0);
      let four2 = values_of_quad(a2);
      values0 = chained(four2, column_of_quad(values0_row2, place), values0);
      let four3 = values_of_quad(a3);
      values0 = chained(four3, column_of_quad(values0_row3, place), values0);
      at += 32;
    }
    for (; k < params.width; k += 4) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight1[at + 0]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// quads of subgroups
enable subgroups;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 1;
alias Element = f32;

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
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(80)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    let place = n % 4;
    var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
    var values0 = 0.0;
    var k = 0;
    for (; k + 16 <= params.width; k += 16) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight0[at + 0]);
      let a1 = element(start + k + 4 + place, k + 4 + place);
      let values0_row1 = vec4f(weight0[at + 8]);
      let a2 = element(start + k + 8 + place, k + 8 + place);
      let values0_row2 = vec4f(weight0[at + 16]);
      let a3 = element(start + k + 12 + place, k + 12 + place);
      let values0_row3 = vec4f(weight0[at + 24]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      let four1 = values_of_quad(a1);
      values0 = chained(four1, column_of_quad(values0_row1, place), values0);
      let four2 = values_of_quad(a2);
      values0 = chained(four2, column_of_quad(values0_row2, place), values0);
      let four3 = values_of_quad(a3);
      values0 = chained(four3, column_of_quad(values0_row3, place), values0);
      at += 32;
    }
    for (; k < params.width; k += 4) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight0[at + 0]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      at += 8;
    }
    if (head * D + column < params.out0) { y0[row * params.out0 + head * D + column] = values0; }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    let place = n % 4;
    var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
    var values0 = 0.0;
    var k = 0;
    for (; k + 16 <= params.width; k += 16) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight1[at + 0]);
      let a1 = element(start + k + 4 + place, k + 4 + place);
      let values0_row1 = vec4f(weight1[at + 8]);
      let a2 = element(start + k + 8 + place, k + 8 + place);
      let values0_row2 = vec4f(weight1[at + 16]);
      let a3 = element(start + k + 12 + place, k + 12 + place);
      let values0_row3 = vec4f(weight1[at + 24]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      let four1 = values_of_quad(a1);
      values0 = chained(four1, column_of_quad(values0_row1, place), values0);
      let four2 = values_of_quad(a2);
      values0 = chained(four2, column_of_quad(values0_row2, place), values0);
      let four3 = values_of_quad(a3);
      values0 = chained(four3, column_of_quad(values0_row3, place), values0);
      at += 32;
    }
    for (; k < params.width; k += 4) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight1[at + 0]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<f16>;
@group(0) @binding(3) var<storage, read> norm0: array<f32>;
@group(0) @binding(4) var<storage, read_write> y0: array<f32>;
@group(0) @binding(5) var<storage, read> weight1: array<f16>;
@group(0) @binding(6) var<storage, read> norm1: array<f32>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 3;
const TILE: i32 = 1;
alias Element = f32;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(3)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      y0[row * params.out0 + head * D + c] = whole[c] * factor * norm0[c];
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      y1[row * params.out1 + head * D + c] = whole[c] * factor * norm1[c];
    }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<f16>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<f16>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 3;
const TILE: i32 = 1;
alias Element = f32;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(3)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out0) { y0[row * params.out0 + head * D + column] = values0; }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> rotation: array<f32>;
@group(0) @binding(4) var<storage, read> weight0: array<f16>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<f16>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 6;
const TILE: i32 = 1;
alias Element = f32;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c];
    squares += element * element;
  }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(6)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<f16>;
@group(0) @binding(4) var<storage, read_write> y0: array<f32>;
@group(0) @binding(5) var<storage, read> weight1: array<f16>;
@group(0) @binding(6) var<storage, read_write> y1: array<f32>;
const D: i32 = 6;
const TILE: i32 = 1;
alias Element = f32;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c];
    squares += element * element;
  }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(6)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out0) { y0[row * params.out0 + head * D + column] = values0; }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(7) var<storage, read> norm1: array<f32>;
@group(0) @binding(8) var<storage, read_write> y1: array<f32>;
const D: i32 = 8;
const TILE: i32 = 8;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(1)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      values1 = fma(value, Element(weight0[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    for (var i = 0; i < 4; i++) { whole[column + 4 + i] = values1[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      values1 = fma(value, Element(weight1[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    for (var i = 0; i < 4; i++) { whole[column + 4 + i] = values1[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm1[pair];
      let b = whole[pair + half] * factor * norm1[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 8;
const TILE: i32 = 8;
alias Element = vec4f;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(1)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      values1 = fma(value, Element(weight0[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
    for (var i = 0; i < 4; i++) { if (head * D + column + 4 + i < params.out0) { y0[row * params.out0 + head * D + column + 4 + i] = values1[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      values1 = fma(value, Element(weight1[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
    for (var i = 0; i < 4; i++) { if (head * D + column + 4 + i < params.out1) { y1[row * params.out1 + head * D + column + 4 + i] = values1[i]; } }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> rotation: array<f32>;
@group(0) @binding(4) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(7) var<storage, read> norm1: array<f32>;
@group(0) @binding(8) var<storage, read_write> y1: array<f32>;
const D: i32 = 20;
const TILE: i32 = 4;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c];
    squares += element * element;
  }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(5)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm1[pair];
      let b = whole[pair + half] * factor * norm1[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(4) var<storage, read_write> y0: array<f32>;
@group(0) @binding(5) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(6) var<storage, read_write> y1: array<f32>;
const D: i32 = 20;
const TILE: i32 = 4;
alias Element = vec4f;
fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = x[start + c];
    squares += element * element;
  }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(5)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 8;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(10)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      values1 = fma(value, Element(weight0[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    for (var i = 0; i < 4; i++) { whole[column + 4 + i] = values1[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      values1 = fma(value, Element(weight1[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    for (var i = 0; i < 4; i++) { whole[column + 4 + i] = values1[i]; }
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 8;
alias Element = vec4f;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(10)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      values1 = fma(value, Element(weight0[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
    for (var i = 0; i < 4; i++) { if (head * D + column + 4 + i < params.out0) { y0[row * params.out0 + head * D + column + 4 + i] = values1[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    var values1 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      values1 = fma(value, Element(weight1[at + 1]), values1);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
    for (var i = 0; i < 4; i++) { if (head * D + column + 4 + i < params.out1) { y1[row * params.out1 + head * D + column + 4 + i] = values1[i]; } }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> rotation: array<f32>;
@group(0) @binding(4) var<storage, read> weight0: array<f16>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<f16>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 6;
const TILE: i32 = 1;
alias Element = f32;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
var<workgroup> shares: array<f32, 64>;

fn squares_of(start: i32, lane: i32) -> f32 {
  for (var own = lane; own < 64; own += 6) {
    var share = 0.0;
    for (var c = own; c < params.width; c += 64) {
      let element = x[start + c];
      share = fma(element, element, share);
    }
    shares[own] = share;
  }
  workgroupBarrier();
  var squares = 0.0;
  for (var other = 0; other < 64; other++) { squares += shares[other]; }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(6)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<f16>;
@group(0) @binding(4) var<storage, read_write> y0: array<f32>;
@group(0) @binding(5) var<storage, read> weight1: array<f16>;
@group(0) @binding(6) var<storage, read_write> y1: array<f32>;
const D: i32 = 6;
const TILE: i32 = 1;
alias Element = f32;
var<workgroup> shares: array<f32, 64>;

fn squares_of(start: i32, lane: i32) -> f32 {
  for (var own = lane; own < 64; own += 6) {
    var share = 0.0;
    for (var c = own; c < params.width; c += 64) {
      let element = x[start + c];
      share = fma(element, element, share);
    }
    shares[own] = share;
  }
  workgroupBarrier();
  var squares = 0.0;
  for (var other = 0; other < 64; other++) { squares += shares[other]; }
  return squares;
}

var<private> input_factor: f32;
fn element(at: i32, k: i32) -> f32 { return x[at] * input_factor * norm[k]; }

@compute @workgroup_size(6)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  input_factor = 1 / sqrt(squares_of(start, i32(index)) / f32(params.width) + params.eps);
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out0) { y0[row * params.out0 + head * D + column] = values0; }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = n / 8 * params.width * 8 + n % 8;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(7) var<storage, read> norm1: array<f32>;
@group(0) @binding(8) var<storage, read_write> y1: array<f32>;
const D: i32 = 8;
const TILE: i32 = 4;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(2)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm1[pair];
      let b = whole[pair + half] * factor * norm1[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 8;
const TILE: i32 = 4;
alias Element = vec4f;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(2)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 4;
alias Element = vec4f;
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(20)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    var squares = 0.0;
    for (var other = 0; other < 64; other++) {
      var share = 0.0;
      for (var c = other; c < D; c += 64) { share = fma(whole[c], whole[c], share); }
      squares += share;
    }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { whole[column + 0 + i] = values0[i]; }
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// matrices in float16
enable f16;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 4;
alias Element = vec4f;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(20)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight0[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out0) { y0[row * params.out0 + head * D + column + 0 + i] = values0[i]; } }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    var at = (n / 8 * params.width) * 2 + (n / 4) % 2;
    var values0 = Element();
    for (var k = 0; k < params.width; k++) {
      let value = Element(element(start + k, k));
      values0 = fma(value, Element(weight1[at + 0]), values0);
      at += 2;
    }
    for (var i = 0; i < 4; i++) { if (head * D + column + 0 + i < params.out1) { y1[row * params.out1 + head * D + column + 0 + i] = values0[i]; } }
  }
}

// ----
// matrices in float16
enable f16;
enable subgroups;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotation: array<f32>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(4) var<storage, read> norm0: array<f32>;
@group(0) @binding(5) var<storage, read_write> y0: array<f32>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(7) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 1;
alias Element = f32;

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
const half: i32 = D / 2;
var<workgroup> whole: array<f32, D>;
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(80)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    let place = n % 4;
    var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
    var values0 = 0.0;
    var k = 0;
    for (; k + 16 <= params.width; k += 16) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight0[at + 0]);
      let a1 = element(start + k + 4 + place, k + 4 + place);
      let values0_row1 = vec4f(weight0[at + 8]);
      let a2 = element(start + k + 8 + place, k + 8 + place);
      let values0_row2 = vec4f(weight0[at + 16]);
      let a3 = element(start + k + 12 + place, k + 12 + place);
      let values0_row3 = vec4f(weight0[at + 24]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      let four1 = values_of_quad(a1);
      values0 = chained(four1, column_of_quad(values0_row1, place), values0);
      let four2 = values_of_quad(a2);
      values0 = chained(four2, column_of_quad(values0_row2, place), values0);
      let four3 = values_of_quad(a3);
      values0 = chained(four3, column_of_quad(values0_row3, place), values0);
      at += 32;
    }
    for (; k < params.width; k += 4) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight0[at + 0]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    var squares = 0.0;
    for (var other = 0; other < 64; other++) {
      var share = 0.0;
      for (var c = other; c < D; c += 64) { share = fma(whole[c], whole[c], share); }
      squares += share;
    }
    let factor = 1 / sqrt(squares / params.head + params.eps);
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair] * factor * norm0[pair];
      let b = whole[pair + half] * factor * norm0[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y0[row * params.out0 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y0[row * params.out0 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    let place = n % 4;
    var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
    var values0 = 0.0;
    var k = 0;
    for (; k + 16 <= params.width; k += 16) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight1[at + 0]);
      let a1 = element(start + k + 4 + place, k + 4 + place);
      let values0_row1 = vec4f(weight1[at + 8]);
      let a2 = element(start + k + 8 + place, k + 8 + place);
      let values0_row2 = vec4f(weight1[at + 16]);
      let a3 = element(start + k + 12 + place, k + 12 + place);
      let values0_row3 = vec4f(weight1[at + 24]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      let four1 = values_of_quad(a1);
      values0 = chained(four1, column_of_quad(values0_row1, place), values0);
      let four2 = values_of_quad(a2);
      values0 = chained(four2, column_of_quad(values0_row2, place), values0);
      let four3 = values_of_quad(a3);
      values0 = chained(four3, column_of_quad(values0_row3, place), values0);
      at += 32;
    }
    for (; k < params.width; k += 4) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight1[at + 0]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      at += 8;
    }
    whole[column] = values0;
    workgroupBarrier();
    for (var c = column; c < column + TILE; c++) {
      let pair = c % half;
      let a = whole[pair];
      let b = whole[pair + half];
      let cosine = rotation[row * D + pair];
      let sine = rotation[row * D + half + pair];
      if (c < half) { y1[row * params.out1 + head * D + c] = fma(a, cosine, -(b * sine)); } else { y1[row * params.out1 + head * D + c] = fma(b, cosine, a * sine); }
    }
  }
}

// ----
// matrices in float16
enable f16;
enable subgroups;
struct Params { width: i32, head: f32, eps: f32, out0: i32, out1: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight0: array<vec4h>;
@group(0) @binding(3) var<storage, read_write> y0: array<f32>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4h>;
@group(0) @binding(5) var<storage, read_write> y1: array<f32>;
const D: i32 = 80;
const TILE: i32 = 1;
alias Element = f32;

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
fn element(at: i32, k: i32) -> f32 { return x[at]; }

@compute @workgroup_size(80)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let column = i32(index) * TILE;
  let head = i32(group.x);
  let row = i32(group.y);
  let start = row * params.width;
  if (group.z == 0) {
    if (head * D >= params.out0) { return; }
    let n = head * D + column;
    let place = n % 4;
    var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
    var values0 = 0.0;
    var k = 0;
    for (; k + 16 <= params.width; k += 16) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight0[at + 0]);
      let a1 = element(start + k + 4 + place, k + 4 + place);
      let values0_row1 = vec4f(weight0[at + 8]);
      let a2 = element(start + k + 8 + place, k + 8 + place);
      let values0_row2 = vec4f(weight0[at + 16]);
      let a3 = element(start + k + 12 + place, k + 12 + place);
      let values0_row3 = vec4f(weight0[at + 24]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      let four1 = values_of_quad(a1);
      values0 = chained(four1, column_of_quad(values0_row1, place), values0);
      let four2 = values_of_quad(a2);
      values0 = chained(four2, column_of_quad(values0_row2, place), values0);
      let four3 = values_of_quad(a3);
      values0 = chained(four3, column_of_quad(values0_row3, place), values0);
      at += 32;
    }
    for (; k < params.width; k += 4) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight0[at + 0]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      at += 8;
    }
    if (head * D + column < params.out0) { y0[row * params.out0 + head * D + column] = values0; }
  }
  if (group.z == 1) {
    if (head * D >= params.out1) { return; }
    let n = head * D + column;
    let place = n % 4;
    var at = (n / 8 * params.width + place) * 2 + (n / 4) % 2;
    var values0 = 0.0;
    var k = 0;
    for (; k + 16 <= params.width; k += 16) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight1[at + 0]);
      let a1 = element(start + k + 4 + place, k + 4 + place);
      let values0_row1 = vec4f(weight1[at + 8]);
      let a2 = element(start + k + 8 + place, k + 8 + place);
      let values0_row2 = vec4f(weight1[at + 16]);
      let a3 = element(start + k + 12 + place, k + 12 + place);
      let values0_row3 = vec4f(weight1[at + 24]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      let four1 = values_of_quad(a1);
      values0 = chained(four1, column_of_quad(values0_row1, place), values0);
      let four2 = values_of_quad(a2);
      values0 = chained(four2, column_of_quad(values0_row2, place), values0);
      let four3 = values_of_quad(a3);
      values0 = chained(four3, column_of_quad(values0_row3, place), values0);
      at += 32;
    }
    for (; k < params.width; k += 4) {
      let a0 = element(start + k + 0 + place, k + 0 + place);
      let values0_row0 = vec4f(weight1[at + 0]);
      let four0 = values_of_quad(a0);
      values0 = chained(four0, column_of_quad(values0_row0, place), values0);
      at += 8;
    }
    if (head * D + column < params.out1) { y1[row * params.out1 + head * D + column] = values0; }
  }
}
