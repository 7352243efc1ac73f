import { expect, test } from 'vitest';
import { greedyIds, recorded, storiesFolder } from './testing.ts';
import { loadModelInWorker } from './worker.ts';

test('a page without shared memory generates in a Web Worker, on one thread', async () => {
  await using loaded = await loadModelInWorker(storiesFolder.href);
  expect(loaded.backend.threads).toBe(1);
  expect(await greedyIds(loaded)).toEqual(recorded.ids);
});

test('what is no model folder is an error of the load', async () => {
  await expect(loadModelInWorker('no/such/folder')).rejects.toMatchObject({ code: 'checkpoint' });
});
