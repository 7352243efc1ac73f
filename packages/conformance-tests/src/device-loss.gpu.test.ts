/** Engines on a device that goes away, in Node. */
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { expect, test } from 'vitest';
import { globals } from 'webgpu';
import { expectToOutliveDevice } from './device-loss.ts';
import { createRandomModel, variantKernels } from './random-model.ts';

const { webgpu: kernels = [] } = variantKernels;
const stages = [
  { type: 'self', layers: 1, iterations: 2, attention: 'sliding_window', window: 9, rope: true },
  { type: 'cross', layers: 1, attention: 'full' },
];

test('a text goes on, on another device, from the tokens that there are', async () => {
  const devices: GPUDevice[] = [];
  const adapters = (globals as { GPUAdapter: { prototype: GPUAdapter } }).GPUAdapter.prototype;
  const { requestDevice } = adapters;
  adapters.requestDevice = async function (this: GPUAdapter, ...given) {
    const device = await requestDevice.apply(this, given);
    devices.push(device);
    return device;
  };
  try {
    const create = async () => createRandomModel(await createWebGpuBackend({ kernels }), { stages, sequences: 2 });
    await expectToOutliveDevice(create, () => devices.at(-1)!.destroy());
  } finally {
    adapters.requestDevice = requestDevice;
  }
  expect(devices).toHaveLength(2);
});

test('two hundred generations leave the memory of the device as it was', async () => {
  const backend = await createWebGpuBackend({ kernels });
  await using model = await createRandomModel(backend, { stages, sequences: 2 });
  const generate = async (turn: number): Promise<void> => {
    const prompt = Array.from({ length: 1 + (turn % 9) }, (_, index) => (7 * turn + index) % 256);
    for await (const _ of model.generate({ prompt, maxTokens: 1 + (turn % 2), ignoreEos: true })) {
      // only what stays behind counts
    }
  };
  await Promise.all([generate(0), generate(1)]);
  const before = backend.memory();
  for (let turn = 0; turn < 200; turn += 2) await Promise.all([generate(turn), generate(turn + 1)]);
  expect(backend.memory()).toEqual(before);
});
