/** Every variant of this adapter passes its self-test; one that fails is not used. */
import {
  type AnyWebGpuKernel,
  type Backend,
  BackendError,
  type CallDescription,
  type WebGpuDevice,
} from '@yoco-u/spec';
import { addRmsNormSwiglu, elementCount, f32, linearAdd, linearHeads, scale, tensorType } from '@yoco-u/tensor';
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

/** What a decoded token is made of: heads normed and rotated, a product added, a gated feed-forward. */
async function decoded(backend: Backend, width: number, rows: number): Promise<readonly Float32Array[]> {
  const [headDim, heads] = [20, 3];
  const program = record((graph) => {
    const given = { rows: graph.scalar('rows', 'i32'), eps: 1e-5 };
    const vector = (name: string, size: number) => graph.declare('parameter', name, tensorType(f32, size));
    const matrix = (name: string, outer: number, inner: number) =>
      graph.declare('parameter', name, tensorType(backend.matrixFormat, outer, inner));
    const row = (name: string, size: number) => graph.declare('input', name, tensorType(f32, 3, size));
    const x = row('x', width);
    const [q, v] = graph.call(
      linearHeads,
      [
        x,
        vector('before', width),
        row('rotation', headDim),
        matrix('q', heads * headDim, width),
        vector('of_heads', headDim),
        matrix('v', 30, width),
      ],
      {
        ...given,
        headDim,
        normInput: true,
        products: [
          { norm: true, rotate: true },
          { norm: false, rotate: false },
        ],
      },
    );
    const [added] = graph.call(linearAdd, [q!, matrix('o', width, heads * headDim), x], given);
    const [sum, hidden] = graph.call(
      addRmsNormSwiglu,
      [added!, x, vector('after', width), matrix('gate', 77, width), matrix('up', 77, width)],
      given,
    );
    return { heads: q!, values: v!, added: added!, sum: sum!, hidden: hidden! };
  });
  const data = Object.fromEntries(
    program.tensors
      .filter(({ role }) => role === 'input' || role === 'parameter')
      .map(({ name, type }, seed) => [
        name,
        Float32Array.from({ length: elementCount(type) }, (_, i) => Math.sin(seed + i * i)),
      ]),
  );
  return Object.values(await runProgram(backend, program, data, { rows }));
}

test.runIf(facts.extensions.includes('subgroups'))('subgroups change no bit', async () => {
  await using first = await createWebGpuBackend({ variant: 'subgroups' });
  await using second = await createWebGpuBackend({ variant: 'workgroup' });
  expect(first.description).toContain('subgroups-f32');
  // a loop of whole steps and a rest, in workgroups of whole subgroups or not
  expect(await decoded(first, 76, 3)).toEqual(await decoded(second, 76, 3));
});

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
    /, (?:subgroups|workgroup)-f32-immediates(; not registers-f32-(immediates|uniforms), which fails its self-test: linear of 9 rows is off by 0\.00\d+){2}$/,
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
