/** Caches larger than a device binds at once: refused by name and size before anything is taken. */
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { CapacityError } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { createRandomModel, variantKernels } from './random-model.ts';

const { webgpu: kernels = [] } = variantKernels;
const stages = [{ type: 'self', layers: 1, iterations: 2, attention: 'full', rope: true }];

test('a context whose caches cannot be bound', async () => {
  await using backend = await createWebGpuBackend({ kernels });
  const making = createRandomModel(backend, { stages, sequences: 1, contextLength: 2 ** 27 });
  await expect(making).rejects.toBeInstanceOf(CapacityError);
  await expect(making).rejects.toThrow(/^engine: caches: expected \d+ bytes for 1 sequence\(s\) of 134217728 tokens/);
  await expect(making).rejects.toThrow('the most that this device binds at once');
  // the weights are the caller's
  expect(backend.memory().bufferBytes).toBeLessThan(2 ** 20);
});
