import { expect, test } from 'vitest';

test('a test page is isolated, so that threads can share memory', () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true });
  expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('a test page gets a WebGPU device', async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter?.requestDevice();
  expect(device?.limits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(8);
  device?.destroy();
});
