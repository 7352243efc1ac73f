import { expect, test } from 'vitest';

test('a worker keeps a model in the origin-private file system', async () => {
  const worker = new Worker(new URL('./testing-store-worker.ts', import.meta.url), { type: 'module' });
  const told = await new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => resolve(data));
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
  });
  worker.terminate();
  expect(told).toEqual({
    broken: 'Error: enough',
    partial: true,
    stored: true,
    complete: true,
    same: true,
    left: 0,
  });
});
