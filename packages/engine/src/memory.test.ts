import { ShapeError } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { createModelMemory, memoryShape } from './memory.ts';
import { keepingConfig as config } from './testing.ts';

test('every slot owns pages for its whole context', async () => {
  await using backend = createReferenceBackend();
  using memory = createModelMemory(backend, config, memoryShape(3, 150, 2));
  const table = new Int32Array(9);
  await backend.download(memory.buffers.page_table!, table);
  expect([...table]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test.each([
  ['no slots', { slots: 0 }, 'createModelMemory: slots: expected an integer > 0, got 0'],
  ['half a token', { contextLength: 149.5 }, 'contextLength: expected an integer > 0, got 149.5'],
  ['a page length that blocks do not fill', { pageLength: 60 }, 'pageLength: expected a multiple of 8, got 60'],
  ['too few pages', { pages: 5 }, 'createModelMemory: pages: expected at least 6: those of 2 slot(s), got 5'],
])('%s: refused before anything is taken', async (_name, changes, message) => {
  await using backend = createReferenceBackend();
  const create = () => createModelMemory(backend, config, { ...memoryShape(2, 150), ...changes });
  expect(create).toThrow(ShapeError);
  expect(create).toThrow(message);
  expect(backend.memory().bufferBytes).toBe(0);
});
