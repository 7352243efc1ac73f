// Sharing of outputs among threads. A thread's share is [shareStart(t), shareStart(t + 1)).

// @ts-ignore: decorator
@inline
export function smaller(a: i32, b: i32): i32 {
  return select(a, b, a < b);
}

// @ts-ignore: decorator
@inline
export function larger(a: i32, b: i32): i32 {
  return select(a, b, a > b);
}

// @ts-ignore: decorator
@inline
export function ceilDivide(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}

/** First of `total` units that thread `thread` works on; at `thread` = `threads` it is `total`. */
// @ts-ignore: decorator
@inline
export function shareStart(total: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>total * <i64>thread) / <i64>threads);
}

/** The same, with shares that begin at multiples of `unit`, e.g. 16 floats so that no cache line is shared. */
// @ts-ignore: decorator
@inline
export function shareStartOf(total: i32, unit: i32, thread: i32, threads: i32): i32 {
  return smaller(total, shareStart(ceilDivide(total, unit), thread, threads) * unit);
}
