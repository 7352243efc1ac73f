/** The mathematics in plain TypeScript: what every implementation is compared with. */
import type { Segment } from '@yoco-u/attention-softmax';
import type { NumberArray } from '@yoco-u/spec';
import type { AlibiShape } from './params.ts';

/** Keys and values by position, of all key/value heads side by side. */
export interface Memory {
  readonly keys: NumberArray;
  readonly values: NumberArray;
  /** First position that rows of the segment see; the last is their own. */
  earliest(segment: Segment): number;
  keyAt(segment: Segment, position: number): number;
  valueAt(segment: Segment, position: number): number;
}

/** One (row, head). */
export interface Query {
  readonly segment: Segment;
  readonly position: number;
  readonly head: number;
  /** First component of its key/value head among those of a position. */
  readonly offset: number;
  /** Its first element in q. */
  readonly at: number;
}

export function forEachQuery(segments: readonly Segment[], shape: AlibiShape, visit: (query: Query) => void): void {
  const { heads, keyValueHeads, headDim } = shape;
  for (const segment of segments) {
    for (let row = 0; row < segment.rows; row++) {
      for (let head = 0; head < heads; head++) {
        const at = ((segment.firstRow + row) * heads + head) * headDim;
        const offset = Math.floor((head * keyValueHeads) / heads) * headDim;
        visit({ segment, position: segment.start + row, head, offset, at });
      }
    }
  }
}

/** How much a query takes of each position from the earliest to its own: softmax of q·k / √D − slope · distance. */
export function probabilities(shape: AlibiShape, memory: Memory, q: NumberArray, query: Query): Float64Array {
  const { headDim, slopes } = shape;
  const { segment, position, head, offset, at } = query;
  const first = memory.earliest(segment);
  const scores = new Float64Array(position - first + 1);
  for (let j = 0; j < scores.length; j++) {
    const key = memory.keyAt(segment, first + j) + offset;
    let score = 0;
    for (let d = 0; d < headDim; d++) score += q[at + d]! * memory.keys[key + d]!;
    scores[j] = score / Math.sqrt(headDim) - slopes[head]! * (position - first - j);
  }
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const weights = scores.map((score) => Math.exp(score - largest));
  const total = weights.reduce((sum, weight) => sum + weight);
  return weights.map((weight) => weight / total);
}

/** Writes the attention of every query to `out`, which has the shape of q. */
export function attend(
  segments: readonly Segment[],
  shape: AlibiShape,
  memory: Memory,
  q: NumberArray,
  out: NumberArray,
): void {
  forEachQuery(segments, shape, (query) => {
    const sums = new Float64Array(shape.headDim);
    const first = memory.earliest(query.segment);
    probabilities(shape, memory, q, query).forEach((probability, j) => {
      const value = memory.valueAt(query.segment, first + j) + query.offset;
      for (let d = 0; d < sums.length; d++) sums[d] = sums[d]! + probability * memory.values[value + d]!;
    });
    out.set(sums, query.at);
  });
}
