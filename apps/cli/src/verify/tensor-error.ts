/** How far a tensor is from the recorded one. */

/** max |got − expected| / max(max |expected|, 1e-3 · the largest magnitude in the file); Infinity where got is not finite. */
export function tensorError(got: ArrayLike<number>, expected: ArrayLike<number>, largest: number): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(got[i])) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(got[i]! - expected[i]!));
  }
  return difference / Math.max(magnitude(expected), 1e-3 * largest);
}

/** The largest absolute value. */
export function magnitude(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
