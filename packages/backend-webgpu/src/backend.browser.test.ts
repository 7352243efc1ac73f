/** The backend in a page: the same kernels as in Node, on the browser's own WebGPU. */
import type { StorageFormat } from '@yoco-u/spec';
import { add, embedding, f32, i32, linear, linearCrossEntropy, rmsNorm, swiglu, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { createWebGpuBackend } from './index.ts';
import { record, runProgram } from './testing.ts';

function numbers(count: number, seed: number): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

test('a page runs programs on the adapter that it has', async () => {
  await using backend = await createWebGpuBackend();
  expect(backend.description).toMatch(/^webgpu, .+, (registers|workgroup|subgroups)-f32-/);
  const build = (matrices: StorageFormat) =>
    record((graph) => {
      const rows = graph.scalar('rows', 'i32');
      const matrix = (name: string, outer: number, inner: number) =>
        graph.declare('parameter', name, tensorType(matrices, outer, inner));
      const table = matrix('table', 53, 29);
      const [x] = graph.call(embedding, [graph.declare('input', 'ids', tensorType(i32, 9)), table], { rows, scale: 1 });
      const [normed] = graph.call(rmsNorm, [x!, graph.declare('parameter', 'norm', tensorType(f32, 29))], {
        rows,
        eps: 1e-5,
      });
      const [gate] = graph.call(linear, [normed!, matrix('gate', 41, 29)], { rows });
      const [up] = graph.call(linear, [normed!, matrix('up', 41, 29)], { rows });
      const [hidden] = graph.call(swiglu, [gate!, up!], { rows });
      const [down] = graph.call(linear, [hidden!, matrix('down', 29, 41)], { rows });
      const [sum] = graph.call(add, [x!, down!], { rows });
      const targets = graph.declare('input', 'targets', tensorType(i32, 9));
      return { losses: graph.call(linearCrossEntropy, [sum!, table, targets], { rows })[0]! };
    });
  const data = {
    ids: Int32Array.of(3, 52, 0, 7, 7, 19, 30, 1, 2),
    targets: Int32Array.of(1, 5, 51, 0, -1, 12, 33, 4, 9),
    table: numbers(53 * 29, 1),
    norm: numbers(29, 2),
    gate: numbers(41 * 29, 3),
    up: numbers(41 * 29, 4),
    down: numbers(29 * 41, 5),
  };
  await using reference = createReferenceBackend();
  for (const rows of [9, 1]) {
    const expected = (await runProgram(reference, build(f32), data, { rows })).losses!.subarray(0, rows);
    const losses = (await runProgram(backend, build(backend.matrixFormat), data, { rows })).losses!;
    expected.forEach((loss, row) => {
      expect(Math.abs(losses[row]! - loss)).toBeLessThan(1e-5 * Math.max(...expected));
    });
  }
});

test('a page has the variant of subgroups where its adapter has them', async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const created = createWebGpuBackend({ variant: 'subgroups' });
  if (adapter?.features.has('subgroups') !== true) return await expect(created).rejects.toThrow('no subgroups');
  await using backend = await created;
  // its self-test has run
  expect(backend.description).toContain('subgroups-f32-');
});
