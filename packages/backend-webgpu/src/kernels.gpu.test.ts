/** Kernels handed in: what the backend declares for them, and what it refuses. */
import { type AnyWebGpuKernel, BackendError, type WebGpuDispatch } from '@yoco-u/spec';
import { f32, scale, tensorType } from '@yoco-u/tensor';
import { describe, expect, test } from 'vitest';
import { createWebGpuBackend } from './index.ts';
import { record, runProgram } from './testing.ts';

const program = record((graph) => {
  const params = { rows: graph.scalar('rows', 'i32'), factor: graph.scalar('factor', 'f32') };
  return { y: graph.call(scale, [graph.declare('input', 'x', tensorType(f32, 3, 4))], params)[0]! };
});

const sound: WebGpuDispatch = {
  code: `@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = x[id.x] * params.factor;
}
`,
  bindings: { x: { input: 0 }, y: { output: 0 } },
  uniforms: { factor: { f32: 3 } },
  workgroups: () => [3],
};

/** `scale` by dispatches of our own. */
const kernelOf = (...dispatches: readonly object[]): AnyWebGpuKernel => ({
  abi: 1,
  kernel: 'scale',
  dispatches: () => dispatches.map((changes) => ({ ...sound, ...changes })),
});

const x = Float32Array.from({ length: 12 }, (_, i) => i);
const values = { rows: 3, factor: 5 };

async function run(kernel: AnyWebGpuKernel): Promise<Float32Array> {
  await using backend = await createWebGpuBackend({ kernels: [kernel] });
  return (await runProgram(backend, program, { x }, values)).y!;
}

async function failureOf(kernel: AnyWebGpuKernel): Promise<string> {
  const failure = await run(kernel).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(BackendError);
  return (failure as BackendError).message;
}

describe('a kernel passed in', () => {
  test('comes before the base kernel of its name', async () => {
    expect(await run(kernelOf({}))).toEqual(x.map((value) => 3 * value));
  });

  test('leaves calls that it does not take to the next', async () => {
    const kernel = { ...kernelOf({}), select: () => 'never' };
    expect(await run(kernel)).toEqual(x.map((value) => 5 * value));
  });

  test('may go through scratch memory, in vectors, with the scalars of a run', async () => {
    const halves = { scratch: 'halves', bytes: 48, element: 'vec4f' };
    const first = {
      code: '@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) { halves[id.x] = x[id.x] / 2; }',
      bindings: { x: { input: 0, element: 'vec4f' }, halves },
      uniforms: {},
    };
    const second = {
      code: '@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) { y[id.x] = halves[id.x] * f32(params.rows); }',
      bindings: { halves, y: { output: 0, element: 'vec4f' } },
      uniforms: { rows: { i32: program.scalars[0]! } },
      workgroups: (value: (of: object) => number) => [value(program.scalars[0]!)],
    };
    expect(await run(kernelOf(first, second))).toEqual(x.map((value) => 1.5 * value));
  });
});

describe('what is refused names the kernel', () => {
  test.each([
    [
      'WGSL that does not compile, with its line',
      { code: sound.code.replace('params.factor', 'params.faktor') },
      'webgpu backend: scale, line 3: expected valid WGSL, got',
    ],
    ['an entry point of another name', { code: sound.code.replace('main', 'other') }, 'webgpu backend: scale'],
    ['a binding to nothing', { bindings: { x: { input: 3 }, y: { output: 0 } } }, "binding 'x': expected an input"],
    [
      'scratch memory of no size',
      { bindings: { ...sound.bindings, z: { scratch: 'z', bytes: 0, element: 'f32' } } },
      "binding 'z'",
    ],
    ['a uniform that is no number', { uniforms: { factor: { f32: Number.NaN } } }, "uniform 'factor'"],
    ['a fraction as an integer', { uniforms: { factor: { i32: 0.5 } } }, "uniform 'factor': expected { i32"],
    ['a scalar of the other type', { uniforms: { factor: { i32: program.scalars[1]! } } }, 'expected a scalar of i32'],
    ['half a workgroup', { workgroups: () => [0.5] }, 'workgroups: expected integers from 0 to 65535, got 0.5, 1, 1'],
    ['too many workgroups', { workgroups: () => [1, 70_000] }, 'got 1, 70000, 1'],
    ['an extension that is not there', { extensions: ['teleport'] }, "got 'teleport'"],
  ])('%s', async (_, changes, message) => {
    expect(await failureOf(kernelOf(changes))).toContain(message);
  });

  test.each(['select', 'dispatches'])('what %s throws', async (part) => {
    const kernel = {
      ...kernelOf({}),
      [part]: () => {
        throw new TypeError('oops');
      },
    };
    expect(await failureOf(kernel)).toContain(
      `webgpu backend: scale: ${part}: expected an answer, got TypeError: oops`,
    );
  });

  test('another version of the interface', async () => {
    expect(await failureOf({ ...kernelOf({}), abi: 2 as 1 })).toContain('scale: expected abi 1, got 2');
  });
});
