/** Shaders are compiled side by side, once each, and counted. */
import { f32, scale, swiglu, tensorType } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import { createWebGpuBackend } from './index.ts';
import { record } from './testing.ts';

test('compiling begins with all texts, ends with all of them, and is over the second time', async () => {
  const steps: (readonly [number, number])[] = [];
  await using backend = await createWebGpuBackend({ onCompile: (...step) => steps.push(step) });
  const program = record((graph) => {
    const x = graph.declare('input', 'x', tensorType(f32, 2, 4));
    const [twice] = graph.call(scale, [x], { factor: 2 });
    const [four] = graph.call(scale, [twice!], { factor: 2 });
    return { y: graph.call(swiglu, [twice!, four!], {})[0]! };
  });
  // the shaders of the self-test
  expect(steps.at(-1)).toEqual([3, 3]);
  steps.length = 0;
  using _ = await backend.compile(program);
  expect(steps).toEqual([
    [0, 1],
    [0, 2],
    [1, 2],
    [2, 2],
  ]);
  steps.length = 0;
  using _again = await backend.compile(program);
  expect(steps).toEqual([]);
});
