import { encodeSafetensors, memorySource, openSafetensors, tensorOf } from '@yoco-u/checkpoint';
import { listParameters } from '@yoco-u/model';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { loadParameters } from './load-parameters.ts';
import { keepingConfig } from './testing.ts';

test('weights are read in the order of the file, each once, whatever the order of the parameters', async () => {
  const parameters = listParameters(keepingConfig);
  const valuesOf = (index: number, shape: readonly number[]) =>
    Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, at) => index + at / 1024);
  const tensors = parameters.map(({ name, shape }, index) => tensorOf(name, [...shape], valuesOf(index, shape)));
  const source = memorySource(await encodeSafetensors(tensors.reverse()), 'weights');
  const reads: [offset: number, length: number][] = [];
  const file = await openSafetensors({
    ...source,
    read(offset, length, into) {
      reads.push([offset, length]);
      return source.read(offset, length, into);
    },
  });
  reads.length = 0;
  const backend = createReferenceBackend({ kernels: [] });
  const loaded: number[] = [];
  const onProgress = (done: number): void => void loaded.push(done);
  const buffers = await loadParameters(backend, keepingConfig, file, { onProgress });

  expect(reads.length).toBeGreaterThan(3);
  expect(reads.slice(1).map(([offset]) => offset)).toEqual(
    reads.slice(0, -1).map(([offset, length]) => offset + length),
  );
  expect(reads.at(-1)!.reduce((a, b) => a + b)).toBe(source.size);
  expect(loaded.at(-1)).toBe(file.totalBytes);
  for (const [index, { name, shape }] of parameters.entries()) {
    const values = new Float32Array(valuesOf(index, shape).length);
    await backend.download(buffers[name]!, values);
    expect(values).toEqual(valuesOf(index, shape));
  }
});
