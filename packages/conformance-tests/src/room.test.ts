/** Models that do not fit: refused by name and size, with nothing left behind. */
import { createWasmBackend } from '@yoco-u/backend-wasm';
import { CapacityError } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { createRandomModel, variantKernels } from './random-model.ts';

const { wasm: kernels = [] } = variantKernels;
const stages = [{ type: 'self', layers: 1, iterations: 2, attention: 'full', rope: true }];

test('an iteration count that does not fit is refused as often as it is asked for, and takes nothing', async () => {
  const backend = await createWasmBackend({ kernels, threads: 1, memoryLimitBytes: 2 ** 24 });
  await using model = await createRandomModel(backend, { stages, sequences: 2, contextLength: 4096 });
  const before = backend.memory();
  for (const _ of [1, 2, 3]) {
    const scoring = model.score([1, 2, 3], 1, { iterations: 60 });
    await expect(scoring).rejects.toBeInstanceOf(CapacityError);
    await expect(scoring).rejects.toThrow(
      /^engine: caches: expected \d+ bytes for 2 sequence\(s\) of 4096 tokens, .* got less \(.*\); choose a smaller contextLength or fewer sequences$/,
    );
    expect(backend.memory().bufferBytes).toBe(before.bufferBytes);
  }
  expect(await model.score([1, 2, 3], 1)).toHaveLength(2);
});
