/** What goes wrong on devices, in Chromium: the same typed errors as in Node. */
import { type AnyWebGpuKernel, BackendError, CapacityError, DeviceLostError } from '@yoco-u/spec';
import { f32, scale, tensorType } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import { openBackend } from './backend.ts';
import { createWebGpuBackend } from './index.ts';
import { record, runProgram } from './testing.ts';

const type = tensorType(f32, 2, 3);
const doubled = record((graph) => ({
  y: graph.call(scale, [graph.declare('input', 'x', type)], { factor: 2 })[0]!,
}));
const x = Float32Array.of(1, 2, 3, 4, 5, 6);

test('memory that runs out is a CapacityError, and what fits goes on', async () => {
  const { backend: opened, device } = await openBackend();
  await using backend = opened;
  const before = backend.memory();
  {
    // a software adapter refuses its own largest buffer
    using _ = backend.allocate(tensorType(f32, Math.floor(device.limits.maxBufferSize / 16) * 4));
    await expect(backend.settled()).rejects.toBeInstanceOf(CapacityError);
  }
  expect((await runProgram(backend, doubled, { x })).y).toEqual(x.map((value) => 2 * value));
  expect(backend.memory().bufferBytes).toBe(before.bufferBytes);
});

test('a shader that does not compile is named, with its line', async () => {
  const wrong: AnyWebGpuKernel = {
    abi: 1,
    kernel: 'scale',
    dispatches: () => [
      {
        code: '@compute @workgroup_size(1)\nfn main() {\n  y[0] = nothing;\n}\n',
        bindings: { x: { input: 0 }, y: { output: 0 } },
        workgroups: () => [1],
      },
    ],
  };
  await using backend = await createWebGpuBackend({ kernels: [wrong] });
  const failure = await backend.compile(doubled).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(BackendError);
  expect(String(failure)).toContain('webgpu backend: scale, line 3: expected valid WGSL');
});

test('a destroyed device ends what waits for it', async () => {
  const { backend, device } = await openBackend();
  const buffer = backend.allocate(type);
  const pending = backend.download(buffer, new Float32Array(6));
  device.destroy();
  await expect(pending).rejects.toBeInstanceOf(DeviceLostError);
  await expect(backend.compile(doubled)).rejects.toBeInstanceOf(DeviceLostError);
  expect(() => backend.write(buffer, x)).toThrow(DeviceLostError);
  await backend[Symbol.asyncDispose]();
  expect(backend.memory().reservedBytes).toBe(0);
});
