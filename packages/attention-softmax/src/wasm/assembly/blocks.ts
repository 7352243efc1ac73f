// Rows into blocks of 8 positions, and lanes of blocks to blocks. A key block is [D, 8], a value block [8, D].

/** Copies whole floats. */
export function copyFloats(from: usize, to: usize, count: i32): void {
  let n = count >> 2;
  while (n > 0) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
    n--;
  }
  n = count & 3;
  while (n > 0) {
    store<f32>(to, load<f32>(from));
    from += 4;
    to += 4;
    n--;
  }
}

/** Four floats `stride` bytes apart. */
// @ts-ignore: decorator
@inline
function gather(from: usize, stride: usize): v128 {
  let v = v128.load32_splat(from);
  v = v128.load_lane<f32>(from + stride, v, 1);
  v = v128.load_lane<f32>(from + (stride << 1), v, 2);
  return v128.load_lane<f32>(from + stride * 3, v, 3);
}

/** Writes `count` rows, the first at `from` and `stride` bytes apart, as lanes `lane`… of a key block. */
export function keysToBlock(from: usize, stride: usize, block: usize, lane: i32, count: i32, headDim: i32): void {
  if (count == 8) {
    const upper = from + (stride << 2);
    for (let d: usize = 0; d < <usize>headDim; d++) {
      v128.store(block + (d << 5), gather(from + (d << 2), stride));
      v128.store(block + (d << 5), gather(upper + (d << 2), stride), 16);
    }
    return;
  }
  for (let i = lane; i < lane + count; i++) {
    let to = block + (<usize>i << 2);
    for (let d: usize = 0; d < <usize>headDim; d++) {
      store<f32>(to, load<f32>(from + (d << 2)));
      to += 32;
    }
    from += stride;
  }
}

/** The same for a value block. */
export function valuesToBlock(from: usize, stride: usize, block: usize, lane: i32, count: i32, headDim: i32): void {
  let to = block + <usize>(lane * headDim) * 4;
  for (let i = 0; i < count; i++) {
    copyFloats(from, to, headDim);
    from += stride;
    to += <usize>headDim << 2;
  }
}

/** Copies lanes of a key block and nothing else: other lanes may be another thread's. */
export function keyLanes(from: usize, to: usize, lane: i32, count: i32, headDim: i32): void {
  if (count == 8) return copyFloats(from, to, headDim << 3);
  for (let i = lane; i < lane + count; i++) {
    const offset = <usize>i << 2;
    for (let d: usize = 0; d < <usize>headDim; d++) {
      store<f32>(to + offset + (d << 5), load<f32>(from + offset + (d << 5)));
    }
  }
}

/** The same for a value block. */
export function valueLanes(from: usize, to: usize, lane: i32, count: i32, headDim: i32): void {
  const offset = <usize>(lane * headDim) << 2;
  copyFloats(from + offset, to + offset, count * headDim);
}

/** Lanes `lane`… of a key block as `count` rows, the first at `to` and `stride` bytes apart: the way back of `keysToBlock`. */
export function keysFromBlock(block: usize, to: usize, stride: usize, lane: i32, count: i32, headDim: i32): void {
  if (count == 8) {
    for (let d: usize = 0; d < <usize>headDim; d++) {
      const from = block + (d << 5);
      scatter(v128.load(from), to + (d << 2), stride);
      scatter(v128.load(from, 16), to + (d << 2) + (stride << 2), stride);
    }
    return;
  }
  for (let i = lane; i < lane + count; i++) {
    let from = block + (<usize>i << 2);
    for (let d: usize = 0; d < <usize>headDim; d++) {
      store<f32>(to + (d << 2), load<f32>(from));
      from += 32;
    }
    to += stride;
  }
}

/** The same for a value block. */
export function valuesFromBlock(block: usize, to: usize, stride: usize, lane: i32, count: i32, headDim: i32): void {
  let from = block + <usize>(lane * headDim) * 4;
  for (let i = 0; i < count; i++) {
    copyFloats(from, to, headDim);
    from += <usize>headDim << 2;
    to += stride;
  }
}

/** Four floats to places `stride` bytes apart. */
// @ts-ignore: decorator
@inline
function scatter(v: v128, to: usize, stride: usize): void {
  v128.store_lane<f32>(to, v, 0);
  v128.store_lane<f32>(to + stride, v, 1);
  v128.store_lane<f32>(to + (stride << 1), v, 2);
  v128.store_lane<f32>(to + stride * 3, v, 3);
}
