/** What a run and its download ask of the device. */
import { f32, linear, scale, tensorType, topK } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import { createWebGpuBackend } from './index.ts';
import { record } from './testing.ts';

test('a run and the downloads of its results are one submission, and create nothing from the second on', async () => {
  await using backend = await createWebGpuBackend();
  const program = record((graph) => {
    const rows = graph.scalar('rows', 'i32');
    const weight = graph.declare('parameter', 'weight', tensorType(backend.matrixFormat, 300, 3));
    const [logits] = graph.call(linear, [graph.declare('input', 'x', tensorType(f32, 2, 3)), weight], { rows });
    const [y] = graph.call(scale, [logits!], { rows, factor: 2 });
    const [best] = graph.call(topK, [y!], { rows, k: 64, count: graph.scalar('count', 'i32') });
    return { y: y!, best: best! };
  });
  const executable = await backend.compile(program);
  const buffers = Object.fromEntries(
    program.tensors
      .filter(({ role }) => role !== 'temporary')
      .map(({ name, type }) => [name, backend.allocate(type)] as const),
  );
  const binding = executable.bind(buffers);
  const weights = Float32Array.from({ length: 900 }, (_, i) => Math.sin(i));
  backend.write(buffers.weight!, weights);
  const best = new Float32Array(6);
  const row = new Float32Array(300);
  const step = async (factor: number): Promise<void> => {
    backend.write(buffers.x!, Float32Array.of(factor, 0, 0));
    binding.run({ rows: 1, count: 3 });
    await Promise.all([backend.download(buffers.best!, best), backend.download(buffers.y!, row)]);
  };
  await step(1);
  const before = backend.counts!();
  for (let factor = 2; factor < 12; factor++) {
    await step(factor);
    const [largest] = [...row.entries()].sort((a, b) => b[1] - a[1]);
    expect([best[1], best[0]]).toEqual(largest);
    expect(largest![1]).toBeCloseTo(2 * factor, 1);
  }
  const { submissions, dispatches, downloadedBytes, ...objects } = backend.counts!();
  expect(submissions - before.submissions).toBe(10);
  expect(dispatches - before.dispatches).toBe(10 * executable.dispatches({ rows: 1, count: 3 }));
  expect(executable.dispatches({ rows: 1, count: 0 })).toBe(executable.dispatches({ rows: 1, count: 3 }) - 2);
  expect(downloadedBytes - before.downloadedBytes).toBe(10 * 4 * (6 + 300));
  expect(before).toMatchObject(objects);
});

test('what is recorded runs in order with writes, copies and buffers that go', async () => {
  await using backend = await createWebGpuBackend();
  const type = tensorType(f32, 1, 4);
  const doubled = record((graph) => ({ y: graph.call(scale, [graph.declare('input', 'x', type)], { factor: 2 })[0]! }));
  const executable = await backend.compile(doubled);
  const [x, y, kept] = [backend.allocate(type), backend.allocate(type), backend.allocate(type)];
  const binding = executable.bind({ x, y });
  backend.write(x, Float32Array.of(1, 2, 3, 4));
  binding.run();
  backend.copy(y, 0, kept, 0, 1);
  backend.write(x, Float32Array.of(10, 20, 30, 40));
  binding.run();
  const first = new Float32Array(4);
  const second = new Float32Array(4);
  const reading = Promise.all([backend.download(kept, first), backend.download(y, second)]);
  x[Symbol.dispose]();
  y[Symbol.dispose]();
  await reading;
  expect([...first, ...second]).toEqual([2, 4, 6, 8, 20, 40, 60, 80]);
});
