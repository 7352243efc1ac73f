import { CheckpointError, RequestError } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { loadModelFolderInWorker } from './node.ts';
import { greedyIds, recorded, storiesFolder } from './testing.ts';

const path = storiesFolder.pathname;

test('a model folder on disk generates in a worker thread', async () => {
  const progress: number[][] = [];
  const onProgress = (...step: number[]) => progress.push(step);
  await using loaded = await loadModelFolderInWorker(path, { threads: 2, contextLength: 200, onProgress });
  expect(await greedyIds(loaded)).toEqual(recorded.ids);
  expect(loaded.model).toMatchObject({ id: path, contextLength: 200 });
  expect(loaded.backend).toMatchObject({ id: 'wasm', threads: 2 });
  expect(loaded.config).toHaveProperty('hidden_size');
  expect(loaded.cacheBytesReserved).toBeGreaterThan(0);
  expect(await loaded.stats()).toMatchObject({ slots: 1, running: [], completionTokens: recorded.ids.length });
  expect(progress.at(-1)![0]).toBe(progress.at(-1)![1]);
});

test.each([
  ['/no/such/folder', {}, CheckpointError],
  [path, { contextLength: 0 }, RequestError],
  [path, { iterations: -1 }, Error],
])('what cannot be loaded from %s with %o is the same error as without a worker', async (folder, options, type) => {
  await expect(loadModelFolderInWorker(folder, { threads: 1, ...options })).rejects.toThrow(type);
});
