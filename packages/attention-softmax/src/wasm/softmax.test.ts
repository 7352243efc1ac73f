import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { softmaxAttentionKernels } from '../kernels/index.ts';
import { runAttention, type Scenario } from '../testing/run-attention.ts';
import { type CaseOptions, cases, scenarioOf } from '../testing/scenarios.ts';
import { createWasmHost } from '../testing/wasm-host.ts';
import { attentionModule } from './attention.wasm.ts';
import { softmaxWasmKernels as kernels, scratchBytes } from './kernels.ts';

async function onReference(scenario: Scenario): Promise<Float32Array[]> {
  await using backend = createReferenceBackend({ kernels: softmaxAttentionKernels });
  return await runAttention(backend, scenario);
}

const everyThread = kernels.map((kernel) => ({ ...kernel, serial: () => false }));

describe.each(['relaxed', 'baseline'] as const)('softmax attention, %s module', (variant) => {
  const run = async (scenario: Scenario, threads: number): Promise<Float32Array[]> => {
    const host = createWasmHost({ kernels: everyThread, threads, variant, reversed: threads === 3 });
    return await runAttention(host, scenario);
  };

  test.each(cases)('equals the reference, in the same bits on 1, 2 and 3 threads: $title', async ({ scenario }) => {
    const results = await run(scenario, 1);
    const expected = await onReference(scenario);
    results.forEach((rows, index) => {
      expect(largestDifference(rows, expected[index]!)).toBeLessThan(4e-6);
    });
    for (const threads of [2, 3]) expect(bits(await run(scenario, threads))).toEqual(bits(results));
  });

  const shapes = [
    { heads: 6, keyValueHeads: 2, headDim: 20 },
    { heads: 4, keyValueHeads: 4, headDim: 16 },
    { heads: 5, keyValueHeads: 1, headDim: 5 },
    { heads: 12, keyValueHeads: 4, headDim: 64 },
  ];
  test.each(shapes)('a row has the same bits in any chunk, memory and thread count: %o', async (shape) => {
    const lengths = [150, 61];
    for (const window of [40, 128]) {
      const base: CaseOptions = { shape, window, memory: 'none', lengths, chunk: 150 };
      const whole = bits(await run(scenarioOf(base), 1));
      for (const memory of ['ring', 'pages'] as const) {
        for (const chunk of [1, 3, 8, 17, 150]) {
          for (const threads of [1, 2]) {
            expect(bits(await run(scenarioOf({ ...base, memory, chunk }), threads))).toEqual(whole);
          }
        }
      }
    }
    const base: CaseOptions = { shape, memory: 'none', lengths, chunk: 150 };
    const whole = bits(await run(scenarioOf(base), 1));
    for (const chunk of [1, 3, 8, 17, 150]) {
      for (const threads of [1, 2]) {
        expect(bits(await run(scenarioOf({ ...base, memory: 'pages', chunk }), threads))).toEqual(whole);
      }
    }
  });

  test('a row has the same bits beside other sequences and alone', async () => {
    const options: CaseOptions = { shape: shapes[0]!, window: 33, memory: 'ring', lengths: [70, 50, 9], chunk: 12 };
    const together = await run(scenarioOf(options), 2);
    const scenario = scenarioOf(options);
    const alone = await run({ ...scenario, steps: [[{ sequence: 0, rows: 12 }], [{ sequence: 0, rows: 24 }]] }, 1);
    const width = shapes[0]!.heads * shapes[0]!.headDim;
    expect(bits([alone[0]!.subarray(0, 36 * width)])).toEqual(bits([together[0]!.subarray(0, 36 * width)]));
  });

  test('the scratch memory is as large as the module says', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const module = new WebAssembly.Module((attentionModule[variant] ?? attentionModule.baseline)());
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const ofModule = exports.attention_scratch_bytes as (headDim: number) => number;
    for (const headDim of [1, 5, 8, 20, 64, 100, 128]) expect(scratchBytes(headDim)).toBe(ofModule(headDim));
  });
});

function bits(results: readonly Float32Array[]): Int32Array[] {
  return results.map((rows) => new Int32Array(rows.slice().buffer));
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  // NaN must not pass for small
  for (let i = 0; i < b.length; i++) largest = Math.max(largest, Number.isNaN(a[i]) ? 1 / 0 : Math.abs(a[i]! - b[i]!));
  return largest;
}
