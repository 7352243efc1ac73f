/** Engines and backends in a page whose GPU process crashes. */
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { DeviceLostError } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { expectToOutliveDevice } from './device-loss.ts';
import { createRandomModel, variantKernels } from './random-model.ts';

test('a backend says that its device is lost, at once and from then on', async () => {
  await using backend = await createWebGpuBackend();
  const type = tensorType(f32, 3);
  const buffer = backend.allocate(type);
  await commands.crashGpuProcess();
  await expect(backend.download(buffer, new Float32Array(3))).rejects.toBeInstanceOf(DeviceLostError);
  await expect(backend.settled()).rejects.toThrow('expected a live device, got one that is lost');
  expect(() => backend.allocate(type)).toThrow(DeviceLostError);
  expect(() => backend.write(buffer, new Float32Array(3))).toThrow(DeviceLostError);
});

test('a text goes on, on another device, from the tokens that there are', async () => {
  const stages = [
    { type: 'self', layers: 1, iterations: 2, attention: 'sliding_window', window: 9, rope: true },
    { type: 'cross', layers: 1, attention: 'full' },
  ];
  const { webgpu: kernels = [] } = variantKernels;
  const create = async () => createRandomModel(await createWebGpuBackend({ kernels }), { stages, sequences: 2 });
  await expectToOutliveDevice(create, () => commands.crashGpuProcess());
});
