import { httpFiles } from '@yoco-u/checkpoint';
import { expect, test } from 'vitest';
import { greedyIds, recorded, storiesFolder } from './testing.ts';
import { loadModelInWorker } from './worker.ts';

test('an isolated page generates in a Web Worker, with threads', async () => {
  await using loaded = await loadModelInWorker(storiesFolder, { threads: 2 });
  expect(loaded.backend.description).toMatch(/wasm, relaxed SIMD, 2 threads/);
  expect(await greedyIds(loaded)).toEqual(recorded.ids);
});

test('files in memory are sent to the worker', async () => {
  const files = new Map<string, Blob>();
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json']) {
    const source = (await httpFiles(storiesFolder).open(name))!;
    files.set(name, new Blob([Uint8Array.from(await source.read(0, source.size))]));
  }
  await using loaded = await loadModelInWorker(files, { threads: 1 });
  expect(await greedyIds(loaded)).toEqual(recorded.ids);
});
