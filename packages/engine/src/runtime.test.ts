import { listParameters } from '@yoco-u/model';
import { type Backend, CapacityError } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { createRuntime } from './runtime.ts';
import { keepingConfig as config } from './testing.ts';

const takeParameters = (reference: Backend) =>
  Object.fromEntries(
    listParameters(config).map(({ name, shape }) => [name, reference.allocate(tensorType(f32, ...shape))]),
  );

test.each([1, 2, 3])('a runtime whose program %i cannot be compiled leaves nothing behind', async (failing) => {
  await using reference = createReferenceBackend();
  const parameters = takeParameters(reference);
  const before = reference.memory();
  let compiled = 0;
  const backend: Backend = {
    ...reference,
    async compile(program) {
      if (++compiled === failing) throw new RangeError('enough');
      return reference.compile(program);
    },
  };
  const options = { backend, config, parameters, slots: 2, contextLength: 150, choices: 11, prefixCacheBytes: 0 };
  await expect(createRuntime(options)).rejects.toThrow('enough');
  expect(reference.memory().bufferBytes).toBe(before.bufferBytes);
  const runtime = await createRuntime(options);
  runtime[Symbol.dispose]();
  expect(reference.memory().bufferBytes).toBe(before.bufferBytes);
});

test('a device that says later that it has no room gets everything back', async () => {
  await using reference = createReferenceBackend();
  const none = new CapacityError({ where: 'device', expected: 'memory', got: 'none' });
  const backend: Backend = { ...reference, settled: () => Promise.reject(none) };
  const parameters = takeParameters(reference);
  const before = reference.memory().bufferBytes;
  const options = { backend, config, parameters, slots: 2, contextLength: 150, choices: 11, prefixCacheBytes: 4096 };
  const making = createRuntime(options);
  await expect(making).rejects.toBeInstanceOf(CapacityError);
  await expect(making).rejects.toThrow('got less (device: expected memory, got none); choose a smaller contextLength,');
  expect(reference.memory().bufferBytes).toBe(before);
});
