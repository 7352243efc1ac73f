/** The same on WebGPU: what it learns and what it writes is what the CPU does. */
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { continueGreedily, type TrainedModel, trainRhyme } from './training.ts';

test('a model learns and writes on WebGPU as it does on the CPU', async () => {
  const [cpu, gpu]: readonly TrainedModel[] = [await trainRhyme('wasm', 8), await trainRhyme('webgpu', 8)];
  try {
    cpu!.losses.forEach((loss, step) => {
      expect(Math.abs(gpu!.losses[step]! - loss)).toBeLessThan(1e-3);
    });
    const text = await continueGreedily(gpu!.folder, 'wasm', 'This is the rat');
    expect(text).not.toBe('');
    expect(await continueGreedily(gpu!.folder, 'webgpu', 'This is the rat')).toBe(text);
  } finally {
    for (const { folder } of [cpu!, gpu!]) await rm(folder, { recursive: true });
  }
});
