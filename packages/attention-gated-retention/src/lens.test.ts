import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { retention } from './retention.ts';
import { onBackend, randomCase } from './testing/cases.ts';
import { gatedRetention } from './variant.ts';

const rows = 7;
const heads = 3;
const execute = onBackend(createReferenceBackend({ kernels: [retention] }));

test('the weights of the lens are what the state holds of each row', async () => {
  const operands = randomCase(23, rows, heads, rows, 30);
  // row j writes ones into line j of an empty state
  operands.v.fill(1);
  operands.k.forEach((_, at) => {
    operands.k[at] = at % rows === Math.floor(at / (heads * rows)) ? 1 : 0;
  });
  const model = { hiddenSize: 5, heads, keyValueHeads: 1, headDim: rows, normEps: 1e-5, qkNorm: false };
  const config = gatedRetention.parse({ model, rope: false, stage: {}, where: 'stage' });
  const { kind, weights } = gatedRetention.lens!;
  expect(kind).toBe('held');
  for (let head = 0; head < heads; head++) {
    const held = weights(config, { decay: operands.decay }, rows, head);
    for (let row = 0; row < rows; row++) {
      const state = new Float64Array(heads * rows * rows);
      await execute(operands, { segments: [[0, row + 1, 0, 0]], rows: row + 1 }, state);
      for (let j = 0; j < rows; j++) {
        expect(held[row * rows + j]).toBeCloseTo(state[(head * rows + j) * rows + 2]!, 6);
      }
    }
  }
});
