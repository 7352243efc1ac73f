/** Kernels whose module is sound and whose descriptor is not. */
import { type AnyWasmKernel, BackendError, type KernelSpec } from '@yoco-u/spec';
import { f32, i32, scale, tensorType } from '@yoco-u/tensor';
import { describe, expect, test } from 'vitest';
import { foreignModule, trapOn } from './foreign-modules.ts';
import { createWasmBackend } from './index.ts';
import { record, runProgram } from './testing.ts';

const emit: KernelSpec<{ readonly count: unknown }> = {
  name: 'emit',
  infer: () => [tensorType(i32, 2)],
  cost: () => ({ flops: 0, bytes: 8 }),
  reference: () => {},
};
const sound: AnyWasmKernel = {
  abi: 1,
  kernel: 'emit',
  module: foreignModule('stranger', {}),
  phases: ['f'],
  encode: () => [],
};
const program = record((graph) => {
  const count = graph.scalar('count', 'f32');
  return { y: graph.call(emit, [], { count })[0]! };
});

/** Compiles one call of the kernel with these parts of its descriptor replaced. */
async function failureOf(changes: object): Promise<BackendError> {
  await using backend = await createWasmBackend({ threads: 2, kernels: [{ ...sound, ...changes }] });
  const error = await backend.compile(program).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(BackendError);
  return error as BackendError;
}

describe('words', () => {
  test.each([
    ['a fraction', 0.5, '0.5; write { f32: 0.5 }'],
    ['no number', Number.NaN, 'NaN'],
    ['an infinite integer', Number.POSITIVE_INFINITY, 'Infinity'],
    ['an integer of 33 bits', 2 ** 32, '4294967296'],
    ['one too small', -(2 ** 31) - 1, '-2147483649'],
    ['text', '7', "'7'"],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an empty object', {}, '{}'],
    ['an f32 that is missing', { f32: undefined }, '{ f32: undefined }'],
    ['an f32 that is no number', { f32: Number.NaN }, '{ f32: NaN }'],
    ['a cell that is missing', { cell: undefined, type: 'i32' }, '{ cell: undefined, type: i32 }'],
    ['a cell without a type', { cell: 1 }, '{ cell: 1 }'],
    ['a cell of another type', { cell: 1, type: 'f64' }, '{ cell: 1, type: f64 }'],
    ['a limit that is none', { cell: 1, type: 'i32', most: 0.5 }, '{ cell: 1, type: i32, most: 0.5 }'],
    ['a fraction in an i32 cell', { cell: 1.5, type: 'i32' }, '{ cell: 1.5, type: i32 }'],
  ])('%s is refused, with its place', async (_, word, got) => {
    const { message } = await failureOf({ encode: () => [1, { f32: 2 }, { cell: 3, type: 'f32' }, word] });
    expect(message).toBe(`wasm backend: emit: word 3: expected an i32, { f32 } or { cell, type }, got ${got}`);
  });

  test('a hole in the list is no word', async () => {
    expect((await failureOf({ encode: () => new Array(1) })).message).toContain('word 0: expected an i32');
  });

  test('what is no list of words is refused', async () => {
    const { message } = await failureOf({ encode: () => 7 });
    expect(message).toBe('wasm backend: emit: encode: expected a list of words, got 7');
  });

  test('a scalar of the other type is refused', async () => {
    const { message } = await failureOf({
      encode: ({ params }: { params: { count: unknown } }) => [{ cell: params.count, type: 'i32' }],
    });
    expect(message).toContain("expected a scalar of i32, got scalar 'count' of f32");
  });

  const infinity = Number.POSITIVE_INFINITY;
  test.each([-(2 ** 31), 2 ** 32 - 1, { f32: -infinity }, { cell: infinity, type: 'f32' }])(
    '%o is one',
    async (word) => {
      await using backend = await createWasmBackend({
        threads: 1,
        kernels: [{ ...sound, encode: () => [word as number] }],
      });
      using executable = await backend.compile(program);
      expect(executable.program).toBe(program);
    },
  );
});

describe("a descriptor's functions", () => {
  test.each([
    ['Not a number', Number.NaN],
    ['less than nothing', -64],
    ['half a byte', 10.5],
    ['undefined', undefined],
    ['an infinity', Number.POSITIVE_INFINITY],
  ])('a workspace of %s is refused', async (_, bytes) => {
    const { message } = await failureOf({ workspace: () => bytes });
    const where = "wasm backend: emit (module 'stranger'): workspace";
    expect(message).toBe(`${where}: expected an integer >= 0, got ${bytes}; count in whole bytes`);
  });

  test.each(['select', 'encode', 'workspace', 'serial'])('what %s throws names kernel and module', async (part) => {
    const cause = new TypeError('oops');
    const failure = await failureOf({
      [part]: () => {
        throw cause;
      },
    });
    const where = `wasm backend: emit (module 'stranger'): ${part}`;
    expect(failure.message).toBe(`${where}: expected an answer, got TypeError: oops; correct '${part}' of the kernel`);
    expect(failure.cause).toBe(cause);
  });

  test.each([false, undefined, 1])('a select that answers %s is told what to answer', async (answer) => {
    const { message } = await failureOf({ select: () => answer });
    const where = "wasm backend: emit (module 'stranger'): select";
    expect(message).toBe(`${where}: expected true, or the reason against it as text, got ${answer}`);
  });
});

describe('when a backend is created', () => {
  test.each([undefined, 2])('a kernel of abi %s is refused', async (abi) => {
    const kernels = [{ ...sound, abi } as unknown as AnyWasmKernel];
    await expect(createWasmBackend({ threads: 1, kernels })).rejects.toThrow(
      `wasm backend: emit (module 'stranger'): expected abi 1, got ${abi}`,
    );
  });

  test('a kernel that would do nothing is refused', async () => {
    const kernels = [{ ...sound, phases: [] }];
    await expect(createWasmBackend({ threads: 1, kernels })).rejects.toThrow('expected at least one phase, got none');
  });
});

test('a kernel passed in comes before a base kernel of its name', async () => {
  const trapping = { ...sound, kernel: scale.name, module: foreignModule('mine', { body: trapOn(0) }) };
  await using backend = await createWasmBackend({ threads: 1, kernels: [trapping] });
  const scaled = record((graph) => ({
    y: graph.call(scale, [graph.declare('input', 'x', tensorType(f32, 3))], { factor: 2 })[0]!,
  }));
  await expect(runProgram(backend, scaled, {})).rejects.toThrow("call 0 (scale), module 'mine'");
});
