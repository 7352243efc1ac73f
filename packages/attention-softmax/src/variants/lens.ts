/** What softmax attention shows: how much of each position a head takes. */
import type { AttentionLens, NumberArray } from '@yoco-u/spec';
import type { SoftmaxConfig } from './config.ts';

/** Of a layer with keys of its own. */
export const selfLens: AttentionLens<SoftmaxConfig> = { kind: 'taken', layer: ['query', 'key'], stage: [], weights };

/** Of a layer that reads the stage's keys. */
export const crossLens: AttentionLens<SoftmaxConfig> = { kind: 'taken', layer: ['query'], stage: ['key'], weights };

/** Queries [T, H·D] and keys [T, G·D] are as they enter the scores. */
function weights(
  { model, window = Number.POSITIVE_INFINITY }: SoftmaxConfig,
  { query, key }: Readonly<Record<string, NumberArray>>,
  rows: number,
  head: number,
): Float32Array<ArrayBuffer> {
  const { heads, keyValueHeads, headDim } = model;
  const group = Math.floor((head * keyValueHeads) / heads);
  const result = new Float32Array(rows * rows);
  for (let row = 0; row < rows; row++) {
    const first = Math.max(0, row - window + 1);
    const scores = Float64Array.from({ length: row + 1 - first }, (_, j) => {
      let sum = 0;
      for (let d = 0; d < headDim; d++) {
        sum += query![(row * heads + head) * headDim + d]! * key![((first + j) * keyValueHeads + group) * headDim + d]!;
      }
      return sum / Math.sqrt(headDim);
    });
    const largest = scores.reduce((a, b) => Math.max(a, b));
    const shares = scores.map((score) => Math.exp(score - largest));
    const total = shares.reduce((a, b) => a + b);
    shares.forEach((share, j) => {
      result[row * rows + first + j] = share / total;
    });
  }
  return result;
}
