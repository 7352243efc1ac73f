import { listParameters } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { createRuntime } from './runtime.ts';
import { keepingConfig as config } from './testing.ts';

test.each([1, 2, 3])('a runtime whose program %i cannot be compiled leaves nothing behind', async (failing) => {
  await using reference = createReferenceBackend();
  const parameters = Object.fromEntries(
    listParameters(config).map(({ name, shape }) => [name, reference.allocate(tensorType(f32, ...shape))]),
  );
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
