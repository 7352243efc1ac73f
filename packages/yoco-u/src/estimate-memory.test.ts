import { openModelFolder } from '@yoco-u/checkpoint/node';
import { describe, expect, test } from 'vitest';
import { estimateMemory } from './index.ts';
import { loadModelFolder } from './node.ts';

const path = new URL('../../../apps/cli/model/', import.meta.url).pathname;

describe('the memory a model will take', () => {
  test.each([
    [1, 0],
    [3, 0],
    [2, 2 ** 22],
  ])('is its weights and the caches of %i sequences, %i bytes for later ones', async (sequences, prefixCacheBytes) => {
    await using folder = await openModelFolder(path);
    await using loaded = await loadModelFolder(path, { sequences, prefixCacheBytes, threads: 1 });
    const numbers = [...folder.tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    const weights = 4 * numbers.reduce((a, b) => a + b, 0);
    expect(estimateMemory(folder, { sequences, prefixCacheBytes })).toBe(weights + loaded.model.cacheBytesReserved);
  });
});
