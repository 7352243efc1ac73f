import { listParameters } from '@yoco-u/model';
import { RequestError } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { createModelMemory, memoryShape } from './memory.ts';
import { randomParameters } from './random-parameters.ts';
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

/** Losses of three ids, or of what is wanted of two sequences. */
async function createLosses(outputs: 'all' | number) {
  const backend = createReferenceBackend();
  const parameters = randomParameters(backend, config);
  const runner = await createRunner(backend, config, { maxRows: 4, maxSegments: 2, outputs, head: 'loss', parameters });
  const segments = [
    { tokens: [1, 2], start: 0, slot: 0 },
    { tokens: [3], start: 0, slot: 0 },
  ];
  return {
    run: (wanted: readonly number[], targets?: readonly number[]) =>
      runner.run(segments, wanted, { targets: targets! }),
    async losses(count: number) {
      const into = new Float64Array(count);
      await runner.read(into);
      return into;
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

test('a target a row is what losses need, and ids that there are', async () => {
  await using all = await createLosses('all');
  all.run([], [4, -7, 5]);
  const [first, second, third] = await all.losses(3);
  expect([first! > 0, second, third! > 0]).toEqual([true, 0, true]);
  for (const targets of [undefined, [4], [4, 5, 6, 7]]) {
    expect(() => all.run([], targets)).toThrow(`runner.run: targets: expected one a wanted row, 3, got`);
  }
  for (const target of [11, 0.5, Number.NaN]) {
    expect(() => all.run([], [4, target, 5])).toThrow(`expected ids from 0 to 10, got ${target}`);
  }
});

test('positions begin at 0 without a memory, too', async () => {
  await using backend = createReferenceBackend();
  const parameters = randomParameters(backend, config);
  const sizes = { maxRows: 2, maxSegments: 1, outputs: 'all', head: 'logits' } as const;
  using runner = await createRunner(backend, config, { ...sizes, parameters });
  for (const start of [-1, 0.5, Number.NaN, 2 ** 31 - 2]) {
    expect(() => runner.run([{ tokens: [1, 2], start, slot: 0 }])).toThrow(
      'runner.run: start: expected positions from 0',
    );
  }
});

test('rows are wanted in ascending order', async () => {
  await using some = await createLosses(3);
  some.run([0, 2], [4, 5]);
  for (const wanted of [[1, 0], [1, 1], [3], [-1], [0.5], [Number.NaN]]) {
    const run = () =>
      some.run(
        wanted,
        wanted.map(() => 4),
      );
    expect(run).toThrow(RequestError);
    expect(run).toThrow('runner.run: wanted: expected ascending rows below 3');
  }
});
