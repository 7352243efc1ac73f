import { listParameters } from '@yoco-u/model';
import { tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { fingerprint } from './saved-sequence.ts';
import { keepingConfig as config } from './testing.ts';

test('a change of any one parameter makes another model', async () => {
  await using backend = createReferenceBackend();
  const parameters = Object.fromEntries(
    listParameters(config).map(({ name, shape }) => [
      name,
      backend.allocate(tensorType(backend.matrixFormat, ...shape)),
    ]),
  );
  const told = new Set([await fingerprint(backend, config, parameters)]);
  for (const buffer of Object.values(parameters)) {
    backend.write(buffer, Float32Array.of(1));
    told.add(await fingerprint(backend, config, parameters));
  }
  expect(told.size).toBe(1 + listParameters(config).length);
});
