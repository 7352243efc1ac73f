import { listParameters } from '@yoco-u/model';
import { RequestError } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { createModelMemory, memoryShape } from './memory.ts';
import { createRunner } from './runner.ts';
import { keepingConfig as config } from './testing.ts';

test.each([
  ['a slot that is not there', { slot: 2 }, 'runner.run: slot: expected an integer from 0 to 1, got 2'],
  ['half a slot', { slot: 0.5 }, 'slot: expected an integer'],
  ['a position before the first', { start: -1 }, 'runner.run: start: expected positions from 0 to 149'],
  ['positions beyond the memory', { start: 149 }, 'got 2 from 149'],
  ['a position that is no number', { start: Number.NaN }, 'got 2 from NaN'],
  ['an id that is not there', { tokens: [1, 11] }, 'got 11'],
  ['too many rows', { tokens: [1, 2, 3, 4] }, 'at most 3 rows, got 4'],
])('%s is refused before anything is written', async (_name, change, message) => {
  await using backend = createReferenceBackend();
  const parameters = Object.fromEntries(
    listParameters(config).map(({ name, shape }) => [name, backend.allocate(tensorType(f32, ...shape))]),
  );
  using memory = createModelMemory(backend, config, memoryShape(2, 150));
  using runner = await createRunner(backend, config, {
    maxRows: 3,
    maxSegments: 1,
    outputs: 1,
    head: 'logits',
    parameters,
    memory,
  });
  const run = (segment: object) => runner.run([{ tokens: [1, 2], start: 0, slot: 0, ...segment }], [0]);
  expect(() => run(change)).toThrow(RequestError);
  expect(() => run(change)).toThrow(message);
  run({ start: 148, slot: 1 });
});
