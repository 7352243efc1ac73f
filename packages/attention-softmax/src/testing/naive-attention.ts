/** Dense causal attention written the plain way, and seeded numbers: what tests compare with. */

export interface HeadShape {
  /** H */
  readonly heads: number;
  /** G */
  readonly keyValueHeads: number;
  /** D */
  readonly headDim: number;
}

/** A deterministic stream of numbers in [-1, 1), the same on every machine. */
export function seededNumbers(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

export function seededArray(length: number, next: () => number): Float32Array {
  return Float32Array.from({ length }, next);
}

/** q [n, H·D], k [n, G·D], v [n, G·D] of one sequence from its first token on → [n, H·D]. */
export function naiveAttention(
  { heads, keyValueHeads, headDim }: HeadShape,
  window: number | undefined,
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
): Float64Array {
  const rows = q.length / (heads * headDim);
  const out = new Float64Array(q.length);
  for (let i = 0; i < rows; i++) {
    for (let h = 0; h < heads; h++) {
      const g = Math.floor((h * keyValueHeads) / heads);
      const weights: number[] = [];
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let d = 0; d < headDim; d++) {
          dot += q[(i * heads + h) * headDim + d]! * k[(j * keyValueHeads + g) * headDim + d]!;
        }
        weights.push(window !== undefined && i - j >= window ? 0 : Math.exp(dot / Math.sqrt(headDim)));
      }
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let d = 0; d < headDim; d++) {
        let sum = 0;
        for (let j = 0; j <= i; j++) sum += (weights[j]! / total) * v[(j * keyValueHeads + g) * headDim + d]!;
        out[(i * heads + h) * headDim + d] = sum;
      }
    }
  }
  return out;
}
