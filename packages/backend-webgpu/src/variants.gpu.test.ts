/** Every variant of this adapter passes its self-test; one that fails is not used. */
import { type AnyWebGpuKernel, BackendError, type CallDescription, type WebGpuDevice } from '@yoco-u/spec';
import { f32, scale, tensorType } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import { openDevice } from './adapter.ts';
import { openBackend } from './backend.ts';
import { createWebGpuBackend } from './index.ts';
import { baseWebGpuKernels } from './kernels/index.ts';
import { record, runProgram } from './testing.ts';
import { variantsFor } from './variants.ts';

const { device, facts } = await openDevice();
device.destroy();
const tripled = record((graph) => {
  const params = { rows: graph.scalar('rows', 'i32'), factor: graph.scalar('factor', 'f32') };
  return { y: graph.call(scale, [graph.declare('input', 'x', tensorType(f32, 3, 4))], params)[0]! };
});
const x = Float32Array.from({ length: 12 }, (_, i) => i);

const halves = facts.extensions.includes('f16') ? variantsFor(facts, 'f16-immediates') : [];

test.each([...variantsFor(facts), ...halves].map(({ name }) => name))(
  '%s computes what it should, and says that it is used',
  async (name) => {
    await using backend = await createWebGpuBackend({ variant: name });
    expect(backend.description).toBe(`webgpu, ${facts.name}, ${name}`);
    for (const [rows, factor] of [
      [3, 3],
      [2, -5],
    ] as const) {
      const { y } = await runProgram(backend, tripled, { x }, { rows, factor });
      expect([...y!.subarray(0, 4 * rows)]).toEqual([...x.subarray(0, 4 * rows)].map((value) => factor * value));
    }
  },
);

/** `linear`, whose results are wrong with tiles in registers. */
const wrong: AnyWebGpuKernel = {
  abi: 1,
  kernel: 'linear',
  select: (_, { tiles }) => tiles === 'registers' || 'right',
  dispatches(call: CallDescription, given: WebGpuDevice) {
    const [first] = baseWebGpuKernels.filter(
      ({ kernel, select }) => kernel === 'linear' && (select?.(call, given) ?? true) === true,
    );
    return first!
      .dispatches(call, given)
      .map((dispatch) => ({ ...dispatch, code: dispatch.code.replace('= value', '= 1.001 * value') }));
  },
};

test('a variant that fails its self-test is left out, and that is said', async () => {
  await using backend = await createWebGpuBackend({ kernels: [wrong] });
  expect(backend.description).toMatch(
    /, workgroup-f32-immediates(; not registers-f32-(immediates|uniforms), which fails its self-test: linear of 9 rows is off by 0\.00\d+){2}$/,
  );
  await expect(createWebGpuBackend({ kernels: [wrong], variant: 'registers' })).rejects.toThrow(
    'expected a variant that passes its self-test',
  );
  await expect(createWebGpuBackend({ selfTest: async () => 'no good', variant: 'registers' })).rejects.toThrow(
    'no good',
  );
});

test('an adapter without immediates keeps values in uniforms', async () => {
  const { backend } = await openBackend({}, (known) => ({ ...known, immediateBytes: 0 }));
  await using owned = backend;
  expect(owned.description).toMatch(/-uniforms$/);
  const failure = await createWebGpuBackend({ variant: 'none' }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(BackendError);
});
