// Loops that measure the machine's limits, and the self-test of the instructions that kernels rely on.
import { tensor, word } from 'kernel/arguments';
import { fma } from 'kernel/simd';

/** `count`·96 flop: twelve independent chains of multiply-adds, so that latency does not limit them. Factors at `at`. */
export function fma_peak(at: usize, count: i32): f32 {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  let c0 = a;
  let c1 = b;
  let c2 = a;
  let c3 = b;
  let c4 = a;
  let c5 = b;
  let c6 = a;
  let c7 = b;
  let c8 = a;
  let c9 = b;
  let c10 = a;
  let c11 = b;
  do {
    c0 = fma(c0, a, b);
    c1 = fma(c1, a, b);
    c2 = fma(c2, a, b);
    c3 = fma(c3, a, b);
    c4 = fma(c4, a, b);
    c5 = fma(c5, a, b);
    c6 = fma(c6, a, b);
    c7 = fma(c7, a, b);
    c8 = fma(c8, a, b);
    c9 = fma(c9, a, b);
    c10 = fma(c10, a, b);
    c11 = fma(c11, a, b);
  } while (--count);
  c0 = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(f32x4.add(c4, c5), f32x4.add(c6, c7)));
  c0 = f32x4.add(c0, f32x4.add(f32x4.add(c8, c9), f32x4.add(c10, c11)));
  return f32x4.extract_lane(c0, 0) + f32x4.extract_lane(c0, 3);
}

/** `count`·16 dependent one-cycle operations (rotate, then xor with a value that the compiler cannot know). */
export function cycles(at: usize, count: i32): i32 {
  const x = load<i32>(at);
  let v = x;
  do {
    v = rotl(v, 7) ^ x;
    v = rotl(v, 7) ^ x;
    v = rotl(v, 7) ^ x;
    v = rotl(v, 7) ^ x;
    v = rotl(v, 7) ^ x;
    v = rotl(v, 7) ^ x;
    v = rotl(v, 7) ^ x;
    v = rotl(v, 7) ^ x;
  } while (--count);
  return v;
}

/** The self-test: four floats a, b, c from `at` on, then a·b + c behind them. */
export function multiply_add(at: usize): void {
  v128.store(at, fma(v128.load(at), v128.load(at, 16), v128.load(at, 32)), 48);
}

/** Reads `bytes` (a multiple of 256) from `at` on, as `streams` (1, 2 or 4) runs side by side; the result keeps it alive. */
export function read_memory(at: usize, bytes: i32, streams: i32): i32 {
  if (streams == 4) return read4(at, bytes);
  if (streams == 2) return read2(at, bytes);
  return read1(at, bytes);
}

function read1(at: usize, bytes: i32): i32 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let count = bytes >> 6;
  do {
    a = v128.xor(a, v128.load(at));
    b = v128.xor(b, v128.load(at, 16));
    c = v128.xor(c, v128.load(at, 32));
    d = v128.xor(d, v128.load(at, 48));
    at += 64;
  } while (--count);
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}

function read2(at: usize, bytes: i32): i32 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let count = bytes >> 6;
  let at1 = at + <usize>(bytes >> 1);
  do {
    a = v128.xor(a, v128.load(at));
    b = v128.xor(b, v128.load(at, 16));
    c = v128.xor(c, v128.load(at1));
    d = v128.xor(d, v128.load(at1, 16));
    at += 32;
    at1 += 32;
  } while (--count);
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}

function read4(at: usize, bytes: i32): i32 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let e = a;
  let f = a;
  let g = a;
  let h = a;
  let count = bytes >> 7;
  const part = <usize>(bytes >> 2);
  let at1 = at + part;
  let at2 = at1 + part;
  let at3 = at2 + part;
  do {
    a = v128.xor(a, v128.load(at));
    b = v128.xor(b, v128.load(at, 16));
    c = v128.xor(c, v128.load(at1));
    d = v128.xor(d, v128.load(at1, 16));
    e = v128.xor(e, v128.load(at2));
    f = v128.xor(f, v128.load(at2, 16));
    g = v128.xor(g, v128.load(at3));
    h = v128.xor(h, v128.load(at3, 16));
    at += 32;
    at1 += 32;
    at2 += 32;
    at3 += 32;
  } while (--count);
  const sum = v128.xor(v128.xor(v128.xor(a, b), v128.xor(c, d)), v128.xor(v128.xor(e, f), v128.xor(g, h)));
  return i32x4.extract_lane(sum, 0);
}

// The loops as phases of kernels, so that benchmarks run them as programs do. 4 y (zeros, 64 bytes and 64 more a thread).

/** 5 count. */
export function fma_peak_phase(args: usize, thread: i32, threads: i32): void {
  const y = tensor(args, 0);
  store<f32>(y + 64 + (<usize>thread << 6), fma_peak(y, word(args, 5)));
}

/** 5 count. */
export function cycles_phase(args: usize, thread: i32, threads: i32): void {
  const y = tensor(args, 0);
  store<i32>(y + 64 + (<usize>thread << 6), cycles(y, word(args, 5)));
}

/** Nothing: what a join costs. */
export function nothing_phase(args: usize, thread: i32, threads: i32): void {}

/** Every thread reads its share. 4 memory · 5 y · 6 bytes (a multiple of 512 · threads) · 7 streams. */
export function read_memory_phase(args: usize, thread: i32, threads: i32): void {
  const bytes = word(args, 6) / threads;
  const sum = read_memory(tensor(args, 0) + <usize>thread * <usize>bytes, bytes, word(args, 7));
  store<i32>(tensor(args, 1) + 64 + (<usize>thread << 6), sum);
}
