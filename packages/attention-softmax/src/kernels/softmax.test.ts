import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { naiveAttention } from '../testing/naive-attention.ts';
import { runAttention, type Scenario } from '../testing/run-attention.ts';
import { cases, scenarioOf } from '../testing/scenarios.ts';
import { softmaxAttentionKernels } from './index.ts';

async function run(scenario: Scenario): Promise<Float32Array[]> {
  await using backend = createReferenceBackend({ kernels: softmaxAttentionKernels });
  return await runAttention(backend, scenario);
}

const shape = { heads: 6, keyValueHeads: 2, headDim: 10 };

describe('softmax attention on the reference backend', () => {
  test.each(cases)('equals dense attention: $title', async ({ scenario }) => {
    const results = await run(scenario);
    scenario.sequences.forEach(({ q, k, v }, index) => {
      const expected = naiveAttention(scenario.shape, scenario.window, q, k, v);
      expect(largestDifference(results[index]!, expected)).toBeLessThan(1e-6);
    });
  });

  test('chunks of any size through ring and pages give the numbers of one full forward', async () => {
    const lengths = [59, 22];
    const window = 19;
    const whole = await run(scenarioOf({ shape, window, memory: 'none', lengths, chunk: 59 }));
    for (const memory of ['ring', 'pages'] as const) {
      for (const chunk of [1, 3, 8, 17, 59]) {
        expect(await run(scenarioOf({ shape, window, memory, lengths, chunk }))).toEqual(whole);
      }
    }
  });

  test('a token outside the window does not change the output', async () => {
    const scenario = scenarioOf({ shape, window: 7, memory: 'ring', lengths: [30], chunk: 4 });
    const [before] = await run(scenario);
    const { keyValueHeads, headDim } = shape;
    const [sequence] = scenario.sequences;
    const changed = { ...sequence!, k: sequence!.k.slice(), v: sequence!.v.slice() };
    for (const rows of [changed.k, changed.v])
      rows.fill(99, 10 * keyValueHeads * headDim, 11 * keyValueHeads * headDim);
    const [after] = await run({ ...scenario, sequences: [changed] });
    const width = shape.heads * headDim;
    expect(after!.subarray(17 * width)).toEqual(before!.subarray(17 * width));
    expect(after!.subarray(0, 10 * width)).toEqual(before!.subarray(0, 10 * width));
    expect(after!.subarray(16 * width, 17 * width)).not.toEqual(before!.subarray(16 * width, 17 * width));
  });

  test('sequences may be fed in any interleaving', async () => {
    const lengths = [20, 33, 9];
    const options = { shape, window: 12, memory: 'ring', lengths, chunk: 40 } as const;
    const together = await run(scenarioOf(options));
    const apart = await run({
      ...scenarioOf(options),
      steps: [
        [{ sequence: 1, rows: 5 }],
        [
          { sequence: 2, rows: 9 },
          { sequence: 0, rows: 11 },
        ],
        [
          { sequence: 0, rows: 0 },
          { sequence: 1, rows: 28 },
          { sequence: 0, rows: 9 },
        ],
      ],
    });
    expect(apart).toEqual(together);
  });
});

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  // NaN must not pass for small
  for (let i = 0; i < b.length; i++) largest = Math.max(largest, Number.isNaN(a[i]) ? 1 / 0 : Math.abs(a[i]! - b[i]!));
  return largest;
}
