import { expect, test } from 'vitest';
import { fetchStoriesModel, greedyIds, recorded } from './testing.ts';

test('a page without shared memory generates on one thread', async () => {
  expect(globalThis.crossOriginIsolated).toBe(false);
  await using loaded = await fetchStoriesModel();
  expect(loaded.backend.threads).toBe(1);
  expect(await greedyIds(loaded)).toEqual(recorded.ids);
});

test('threads that cannot be had are refused, with the headers that allow them', async () => {
  await expect(fetchStoriesModel(2)).rejects.toThrow('COOP: same-origin');
});
