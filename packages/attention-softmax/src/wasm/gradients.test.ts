import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { softmaxAttentionKernels } from '../kernels/index.ts';
import { type GradientCase, type Gradients, gradientCases, runGradients, titleOf } from '../testing/run-gradients.ts';
import { createWasmHost } from '../testing/wasm-host.ts';
import { attentionModule } from './attention.wasm.ts';
import { backwardScratchBytes, softmaxWasmKernels } from './kernels.ts';

const kernels = softmaxWasmKernels.map((kernel) => ({ ...kernel, serial: () => false }));
const names = ['q', 'k', 'v'] as const;
const titled = gradientCases.map((options) => ({ title: titleOf(options), options }));

describe.each(['relaxed', 'baseline'] as const)('gradients of softmax attention, %s module', (variant) => {
  const run = (options: GradientCase, threads: number): Promise<Gradients> =>
    runGradients(createWasmHost({ kernels, threads, variant, reversed: threads === 3 }), options);

  test.each(titled)('equal the reference, in the same bits on 1 to 7 threads: $title', async ({ options }) => {
    await using backend = createReferenceBackend({ kernels: softmaxAttentionKernels });
    const expected = await runGradients(backend, options);
    const got = await run(options, 1);
    const largest = Math.max(...names.map((name) => magnitude(expected[name])));
    for (const name of names) expect(largestDifference(got[name], expected[name]) / largest).toBeLessThan(1e-5);
    for (const threads of [2, 3, 7]) {
      const other = await run(options, threads);
      for (const name of names) expect(bits(other[name])).toEqual(bits(got[name]));
    }
  });

  test('of a segment have the same bits beside other segments and alone', async () => {
    const shape = { heads: 4, keyValueHeads: 2, headDim: 20 };
    const alone = await run({ shape, window: 50, segments: [[120, 3]] }, 1);
    const others = [
      [64, 0],
      [90, 17],
    ] as const;
    const together = await run({ shape, window: 50, segments: [[120, 3], ...others] }, 2);
    for (const name of names) {
      const width = (name === 'q' ? shape.heads : shape.keyValueHeads) * shape.headDim;
      expect(bits(together[name].subarray(0, 120 * width))).toEqual(bits(alone[name].subarray(0, 120 * width)));
    }
  });

  test('the scratch memory is as large as the module says', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const module = new WebAssembly.Module((attentionModule[variant] ?? attentionModule.baseline)());
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const ofModule = exports.attention_backward_scratch_bytes as (headDim: number, threads: number) => number;
    for (const headDim of [1, 5, 8, 20, 64, 100, 128]) {
      for (const threads of [1, 2, 9]) {
        expect(backwardScratchBytes(headDim, threads)).toBe(ofModule(headDim, threads));
      }
    }
  });
});

function bits(numbers: Float32Array): Int32Array {
  return new Int32Array(numbers.slice().buffer);
}

function magnitude(numbers: Float32Array): number {
  return numbers.reduce((largest, value) => (Number.isNaN(value) ? largest : Math.max(largest, Math.abs(value))), 0);
}

/** What is NaN in one must be so in the other. */
function largestDifference(got: Float32Array, expected: Float32Array): number {
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(expected[i]) !== Number.isNaN(got[i])) return Number.POSITIVE_INFINITY;
    if (!Number.isNaN(expected[i])) difference = Math.max(difference, Math.abs(got[i]! - expected[i]!));
  }
  return difference;
}
