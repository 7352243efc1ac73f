/** Matrices stored in float16: sums stay in float32, so that only the weights lose digits. */
import { BackendError } from '@yoco-u/spec';
import { embedding, f32, i32, linear, linearCrossEntropy, tensorType } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import { openDevice } from './adapter.ts';
import { fromHalves, toHalves } from './half.ts';
import { createWebGpuBackend } from './index.ts';
import { record, runProgram } from './testing.ts';

const { device, facts } = await openDevice();
device.destroy();
const has = (extension: string): boolean => facts.extensions.includes(extension);
const forms = has('f16') ? ['registers', 'workgroup', ...(has('subgroups') ? ['subgroups'] : [])] : [];

/** Half a unit in the last place of 11 bits, and what float32 sums add. */
const bound = 2 ** -11 + 2 ** -18;
const [rows, outer, inner] = [9, 77, 68] as const;
const numbers = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * i));
const weight = numbers(outer * inner, 1);
const x = numbers(rows * inner, 2);

if (forms.length === 0) {
  test.skip('products in float16: this adapter has none; install lavapipe of Mesa 25 (mesa-vulkan-drivers)');

  test('an adapter without float16 refuses it by name', async () => {
    const failure = await createWebGpuBackend({ variant: 'f16' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BackendError);
    expect(String(failure)).toContain("'f16' on");
    expect(String(failure)).toContain('no f16');
  });
}

test.each(forms)('products stay within 2^-11 of Σ |w x|: %s', async (form) => {
  await using backend = await createWebGpuBackend({ variant: `${form}-f16` });
  expect(backend.description).toContain(`${form}-f16`);
  const program = record((graph) => {
    const given = { rows: graph.scalar('rows', 'i32') };
    const matrix = graph.declare('parameter', 'weight', tensorType(backend.matrixFormat, outer, inner));
    return { y: graph.call(linear, [graph.declare('input', 'x', tensorType(f32, rows, inner)), matrix], given)[0]! };
  });
  for (const count of [rows, 1]) {
    const { y } = await runProgram(backend, program, { weight, x }, { rows: count });
    for (let at = 0; at < count * outer; at++) {
      const products = Array.from(
        { length: inner },
        (_, k) => x[Math.floor(at / outer) * inner + k]! * weight[(at % outer) * inner + k]!,
      );
      const sum = products.reduce((total, value) => total + value, 0);
      const size = products.reduce((total, value) => total + Math.abs(value), 0);
      expect(Math.abs(y![at]! - sum)).toBeLessThanOrEqual(bound * size);
    }
  }
});

test.each(forms.slice(0, 1))('rows are read as they were rounded, however they were written: %s', async (form) => {
  await using backend = await createWebGpuBackend({ variant: `${form}-f16` });
  const type = tensorType(backend.matrixFormat, outer, inner);
  const rounded = fromHalves(toHalves(weight));
  using buffer = backend.allocate(type);
  const step = 13 * inner;
  for (let at = 0; at < weight.length; at += step) backend.write(buffer, weight.slice(at, at + step), at);
  const read = new Float32Array(weight.length);
  await backend.download(buffer, read);
  expect(read).toEqual(rounded);
  const program = record((graph) => {
    const matrix = graph.declare('parameter', 'weight', type);
    const ids = graph.declare('input', 'ids', tensorType(i32, 3));
    const [embedded] = graph.call(embedding, [ids, matrix], { scale: 2 });
    return { embedded: embedded!, losses: graph.call(linearCrossEntropy, [embedded!, matrix, ids], {})[0]! };
  });
  const ids = Int32Array.of(76, 0, 41);
  const { embedded, losses } = await runProgram(backend, program, { weight, ids });
  const expected = [...ids].map((id) => rounded.slice(id * inner, (id + 1) * inner).map((value) => 2 * value));
  expect([...embedded!]).toEqual(expected.flatMap((row) => [...row]));
  ids.forEach((id, row) => {
    const logits = Array.from({ length: outer }, (_, n) =>
      expected[row]!.reduce((sum, value, k) => sum + value * rounded[n * inner + k]!, 0),
    );
    const largest = Math.max(...logits);
    const log = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    expect(losses![row]).toBeCloseTo(largest + log - logits[id]!, 4);
  });
  expect(() => backend.write(buffer, Float32Array.of(1e6))).toThrow(
    'numbers within ±65504, which float16 holds, got 1000000',
  );
});
