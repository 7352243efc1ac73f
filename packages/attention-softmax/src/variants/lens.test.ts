import { expect, test } from 'vitest';
import { naiveAttention, seededArray, seededNumbers } from '../testing/naive-attention.ts';
import { crossAttention, fullAttention, slidingWindowAttention } from './index.ts';

const model = { hiddenSize: 10, heads: 6, keyValueHeads: 2, headDim: 5, normEps: 1e-5, qkNorm: false };
const rows = 13;

test.each([
  ['full', fullAttention, undefined],
  ['sliding_window', slidingWindowAttention, 4],
  ['full of a cross stage', crossAttention, undefined],
] as const)('%s: values under the weights of its lens are what a head takes', (_, variant, window) => {
  const next = seededNumbers(3);
  const [q, k, v] = [model.heads, model.keyValueHeads, model.keyValueHeads].map((heads) =>
    seededArray(rows * heads * model.headDim, next),
  );
  const expected = naiveAttention(model, window, q!, k!, v!);
  const stage = window === undefined ? {} : { window };
  const config = variant.parse({ model, rope: false, stage, where: 'stage' }) as never;
  for (let head = 0; head < model.heads; head++) {
    const group = Math.floor((head * model.keyValueHeads) / model.heads);
    const weights = variant.lens!.weights(config, { query: q!, key: k! }, rows, head);
    for (let row = 0; row < rows; row++) {
      const own = weights.subarray(row * rows, (row + 1) * rows);
      expect(own.every((weight, j) => weight === 0 || (j <= row && row - j < (window ?? rows)))).toBe(true);
      for (let d = 0; d < model.headDim; d++) {
        let sum = 0;
        for (let j = 0; j < rows; j++) sum += own[j]! * v![(j * model.keyValueHeads + group) * model.headDim + d]!;
        expect(sum).toBeCloseTo(expected[(row * model.heads + head) * model.headDim + d]!, 6);
      }
    }
  }
});
