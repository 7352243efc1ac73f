import { f32, linear, swiglu, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { createWasmBackend } from './index.ts';
import { largestError, numbers, record, runProgram } from './testing.ts';

test.each([1, 2, 3])("a page's own thread, which may not sleep, runs programs on %i threads", async (threads) => {
  const program = record((graph) => {
    const x = graph.declare('input', 'x', tensorType(f32, 37, 129));
    const [gate] = graph.call(linear, [x, graph.declare('parameter', 'gate', tensorType(f32, 200, 129))], {});
    const [up] = graph.call(linear, [x, graph.declare('parameter', 'up', tensorType(f32, 200, 129))], {});
    return { y: graph.call(swiglu, [gate!, up!], {})[0]! };
  });
  const data = { x: numbers(37 * 129, 1), gate: numbers(200 * 129, 2), up: numbers(200 * 129, 3) };
  await using reference = createReferenceBackend();
  await using backend = await createWasmBackend({ threads });
  const expected = (await runProgram(reference, program, data)).y!;
  for (let round = 0; round < 5; round++) {
    expect(largestError((await runProgram(backend, program, data)).y!, expected)).toBeLessThan(2e-6);
  }
});

test('without isolation or by wish, memory is not shared', async () => {
  await using backend = await createWasmBackend({ threads: 1, simd: 'baseline' });
  expect(backend.description).toBe('wasm, baseline SIMD, 1 thread');
});
