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

test('a sequence that one worker saves goes on in another, and a broken one is an error of its own', async () => {
  const options = { threads: 1, contextLength: 200 };
  const { ids } = recorded;
  await using first = await loadModelFolderInWorker(path, options);
  const file = await first.saveSequence(ids);
  await using second = await loadModelFolderInWorker(path, { ...options, prefixCacheBytes: 2 ** 24 });
  expect(await second.loadSequence(file)).toEqual(ids);
  for await (const part of second.model.generate({ prompt: [...ids, 5], maxTokens: 1 })) {
    if (part.type === 'finish') expect(part.usage.cachedTokens).toBe(ids.length);
  }
  await expect(second.loadSequence(file.subarray(0, 100))).rejects.toThrow(CheckpointError);
  await expect(second.loadSequence(file, { iterations: 2 })).rejects.toThrow();
  await expect(first.loadSequence(file)).rejects.toThrow(RequestError);
  await expect(first.saveSequence([])).rejects.toThrow(RequestError);
  const aborted = AbortSignal.abort(new Error('changed my mind'));
  await expect(first.saveSequence(ids, { signal: aborted })).rejects.toThrow('changed my mind');
});

test.each([
  ['/no/such/folder', {}, CheckpointError],
  [path, { contextLength: 0 }, RequestError],
  [path, { iterations: -1 }, Error],
])('what cannot be loaded from %s with %o is the same error as without a worker', async (folder, options, type) => {
  await expect(loadModelFolderInWorker(folder, { threads: 1, ...options })).rejects.toThrow(type);
});
