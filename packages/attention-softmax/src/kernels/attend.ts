/** The mathematics of softmax attention, in plain TypeScript over any memory made of blocks. */
import type { NumberArray } from '@yoco-u/spec';
import { type BlockAxes, type BlockMap, blockLength, type Segment } from '../layout.ts';

/** Finds the key and value of a position: where they begin, and how far apart their components lie. */
export interface Memory {
  readonly data: NumberArray;
  readonly map: BlockMap;
}

/** What the query rows of one segment see. */
export interface View {
  readonly segment: Segment;
  readonly axes: BlockAxes;
  /** H */
  readonly heads: number;
  /** The memory that holds a position. */
  memoryOf(position: number): Memory;
  /** First position that a query sees; the last is its own. */
  firstVisible(position: number): number;
}

/** First position seen by a query: `window` positions, itself included, none before `earliest`. */
export function firstVisibleUnder(window: number | undefined, earliest: number): (position: number) => number {
  return window === undefined ? () => earliest : (position) => Math.max(earliest, position - window + 1);
}

/** One (row, head) of a segment. */
export interface Query {
  /** row · H + head */
  readonly index: number;
  /** Its first element in q. */
  readonly at: number;
  readonly keyValueHead: number;
  /** First and last position that it sees. */
  readonly first: number;
  readonly last: number;
}

/** Calls `visit` once a (row, head) of the segment. */
export function forEachQuery(view: View, visit: (query: Query) => void): void {
  const { segment, axes, heads } = view;
  for (let row = 0; row < segment.rows; row++) {
    const last = segment.start + row;
    const first = view.firstVisible(last);
    for (let head = 0; head < heads; head++) {
      const index = (segment.firstRow + row) * heads + head;
      const keyValueHead = Math.floor((head * axes.heads) / heads);
      visit({ index, at: index * axes.headDim, keyValueHead, first, last });
    }
  }
}

/** Scores of one query with the positions first .. last: q · k / sqrt(D). */
export function scores(view: View, q: NumberArray, query: Query): Float64Array {
  const { headDim } = view.axes;
  const result = new Float64Array(query.last - query.first + 1);
  for (let j = 0; j < result.length; j++) {
    const position = query.first + j;
    const { data, map } = view.memoryOf(position);
    const key = map.keyBlock(query.keyValueHead, position) + (position % blockLength);
    let score = 0;
    for (let d = 0; d < headDim; d++) score += q[query.at + d]! * data[key + d * blockLength]!;
    result[j] = score / Math.sqrt(headDim);
  }
  return result;
}

/**
 * Writes the attention of every query of the segment to `out`, which has the shape of q, and to `statistics`, where given, its
 * largest score and the sum of exp(score - largest).
 */
export function attend(view: View, q: NumberArray, out: NumberArray, statistics?: NumberArray): void {
  const { headDim } = view.axes;
  const sums = new Float64Array(headDim);
  forEachQuery(view, (query) => {
    sums.fill(0);
    const found = scores(view, q, query);
    const largest = found.reduce((a, b) => Math.max(a, b));
    let total = 0;
    found.forEach((score, j) => {
      const weight = Math.exp(score - largest);
      total += weight;
      const position = query.first + j;
      const { data, map } = view.memoryOf(position);
      const content = map.valueBlock(query.keyValueHead, position) + (position % blockLength) * headDim;
      for (let d = 0; d < headDim; d++) sums[d] = sums[d]! + weight * data[content + d]!;
    });
    for (let d = 0; d < headDim; d++) out[query.at + d] = sums[d]! / total;
    if (statistics === undefined) return;
    statistics[2 * query.index] = largest;
    statistics[2 * query.index + 1] = total;
  });
}
