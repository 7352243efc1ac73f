// Access to a call's argument block (ABI version 1): i32 words.

/** Index of the first tensor address; those of `encode` follow the tensors. */
export const firstTensor: i32 = 4;

// @ts-ignore: decorator
@inline
export function word(args: usize, index: i32): i32 {
  return load<i32>(args + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
export function pointer(args: usize, index: i32): usize {
  return <usize>load<u32>(args + (<usize>index << 2));
}

/** Address of the `index`th tensor: inputs first, then outputs. */
// @ts-ignore: decorator
@inline
export function tensor(args: usize, index: i32): usize {
  return pointer(args, firstTensor + index);
}

// @ts-ignore: decorator
@inline
export function number(args: usize, index: i32): f32 {
  return load<f32>(args + (<usize>index << 2));
}

/** Value of an i32 cell: fixed, or a scalar that changes from run to run. */
// @ts-ignore: decorator
@inline
export function cell(args: usize, index: i32): i32 {
  return load<i32>(pointer(args, index));
}

/** Value of an f32 cell. */
// @ts-ignore: decorator
@inline
export function numberCell(args: usize, index: i32): f32 {
  return load<f32>(pointer(args, index));
}

/** Scratch memory of the whole call, 64-byte aligned. */
// @ts-ignore: decorator
@inline
export function workspace(args: usize): usize {
  return pointer(args, 1);
}
