import { expect, test } from 'vitest';
import { fetchStoriesModel, greedyIds, recorded } from './testing.ts';

test('an isolated page generates with threads', async () => {
  await using loaded = await fetchStoriesModel(2);
  expect(loaded.backend.description).toMatch(/wasm, relaxed SIMD, 2 threads/);
  expect(await greedyIds(loaded)).toEqual(recorded.ids);
});
