import {
  type AnyWasmKernel,
  type Backend,
  BackendError,
  CapacityError,
  type Graph,
  type KernelSpec,
  type Program,
  type Value,
  type WasmModuleSource,
} from '@yoco-u/spec';
import { add, f32, f32Panels8, i32, linear, rmsNorm, scale, swiglu, tensorType } from '@yoco-u/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foreignModule, meet, memoryImport, otherImport, storeStackPointer, trapOn } from './foreign-modules.ts';
import { createWasmBackend } from './index.ts';
import { numbers, record, runProgram } from './testing.ts';

const mebibyte = 2 ** 20;

/** A kernel without inputs, for modules that come from elsewhere. */
const emit = (name: string): KernelSpec<object> => ({
  name,
  infer: () => [tensorType(i32, 4)],
  cost: () => ({ flops: 0, bytes: 16 }),
  reference: () => {},
});
const wasmKernel = (kernel: string, module: WasmModuleSource): AnyWasmKernel => ({
  abi: 1,
  kernel,
  module,
  phases: ['f'],
  encode: () => [],
});

/** x through a chain of base kernels to outputs of every width. */
const chain = (rows: number, width: number, format = f32Panels8) =>
  record((graph) => {
    const x = graph.declare('input', 'x', tensorType(f32, rows, width));
    const count = { rows: graph.scalar('rows', 'i32') };
    const weight = (name: string, out: number, inner: number) =>
      graph.declare('parameter', name, tensorType(format, out, inner));
    const [normed] = graph.call(rmsNorm, [x], { eps: 1e-5, ...count });
    const [gate] = graph.call(linear, [normed!, weight('gate', 2 * width + 3, width)], count);
    const [up] = graph.call(linear, [normed!, weight('up', 2 * width + 3, width)], count);
    const [hidden] = graph.call(swiglu, [gate!, up!], count);
    const [down] = graph.call(linear, [hidden!, weight('down', width, 2 * width + 3)], count);
    const [y] = graph.call(add, [x, down!], count);
    return { y: y! };
  });
const chainData = (rows: number, width: number) => ({
  x: numbers(rows * width, 1),
  gate: numbers((2 * width + 3) * width, 2),
  up: numbers((2 * width + 3) * width, 3),
  down: numbers((2 * width + 3) * width, 4),
});

describe.each(['relaxed', 'baseline'] as const)('a row has the same bits, %s', (simd) => {
  const width = 275;
  const rows = 71;
  const data = chainData(rows, width);
  const all = async (threads: number, count: number, format = f32Panels8) => {
    await using backend = await createWasmBackend({ threads, simd });
    const program = chain(count, width, format);
    const part = { ...data, x: data.x.subarray((rows - count) * width) };
    return (await runProgram(backend, program, part, { values: { rows: count } })).y!;
  };
  let expected: Float32Array;
  beforeAll(async () => {
    expected = await all(1, rows);
  });

  test.each([2, 3])('on %i threads', async (threads) => {
    expect(await all(threads, rows)).toEqual(expected);
  });
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 33, 64, 65])('among %i rows', async (count) => {
    expect(await all(2, count)).toEqual(expected.subarray((rows - count) * width));
  });
  test('whether weights are packed when loaded or in the program', async () => {
    expect(await all(2, rows, f32)).toEqual(expected);
  });
});

describe('programs', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createWasmBackend({ threads: 2 });
  });
  afterAll(() => backend[Symbol.asyncDispose]());

  test('rows beyond the count of a run are neither read nor written', async () => {
    const program = chain(9, 20);
    const data = chainData(9, 20);
    data.x.fill(Number.NaN, 4 * 20);
    const { y } = await runProgram(backend, program, data, { values: { rows: 4 }, before: 77 });
    expect(y!.subarray(0, 80).every(Number.isFinite)).toBe(true);
    expect(y!.subarray(80).every((value) => value === 77)).toBe(true);
  });

  test('more rows than the tensors have are refused, and nothing beyond them is written', async () => {
    const [x, y, other] = [1, 2, 3].map(() => backend.allocate(tensorType(f32, 4, 16)));
    backend.write(other!, new Float32Array(64).fill(7));
    const recorded = (rows: (graph: Graph) => Value): Program =>
      record((graph) => {
        const input = graph.declare('input', 'x', x!.type);
        return { y: graph.call(scale, [input], { rows: rows(graph), factor: 3 })[0]! };
      });
    using executable = await backend.compile(recorded((graph) => graph.scalar('rows', 'i32')));
    using binding = executable.bind({ x: x!, y: y! });
    expect(() => binding.run({ rows: 5 })).toThrow("run: scalar 'rows': expected an i32 of at most 4, got 5");
    binding.run({ rows: 4 });
    await expect(backend.compile(recorded(() => 5))).rejects.toThrow('expected at most 4, got 5');
    const kept = new Float32Array(64);
    await backend.download(other!, kept);
    expect(kept.every((value) => value === 7)).toBe(true);
    for (const buffer of [x, y, other]) buffer![Symbol.dispose]();
  });

  test('a run of no rows changes nothing', async () => {
    const { y } = await runProgram(backend, chain(9, 20), chainData(9, 20), { values: { rows: 0 }, before: 77 });
    expect(y!.every((value) => value === 77)).toBe(true);
  });

  test('every run takes the scalars it is given', async () => {
    const program = record((graph) => {
      const x = graph.declare('input', 'x', tensorType(f32, 2, 3));
      const [y] = graph.call(scale, [x], { factor: graph.scalar('a', 'f32') });
      return { y: graph.call(scale, [y!], { factor: graph.scalar('b', 'f32') })[0]! };
    });
    using executable = await backend.compile(program);
    using x = backend.allocate(tensorType(f32, 2, 3));
    using y = backend.allocate(tensorType(f32, 2, 3));
    backend.write(x, Float32Array.of(1, 2, 3, 4, 5, 6));
    using binding = executable.bind({ x, y });
    const result = new Float32Array(6);
    for (const [a, b] of [
      [2, 0.5],
      [-3, 4],
    ]) {
      binding.run({ a: a!, b: b! });
      await backend.download(y, result);
      expect([...result]).toEqual([1, 2, 3, 4, 5, 6].map((value) => value * a! * b!));
    }
    expect(() => binding.run({ a: 1 })).toThrow("scalar 'b'");
  });

  test('executables share one arena, which moves when a larger one is compiled', async () => {
    const small = chain(3, 10);
    const data = chainData(3, 10);
    const expected = (await runProgram(backend, small, data, { values: { rows: 3 } })).y;
    using executable = await backend.compile(small);
    const bound = small.tensors.filter(({ role }) => role !== 'temporary');
    const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
    for (const [name, values] of Object.entries(data)) backend.write(buffers[name]!, values);
    using binding = executable.bind(buffers);
    using large = await backend.compile(chain(100, 50));
    expect(backend.memory().arenaBytes).toBeGreaterThanOrEqual(large.arenaBytes);
    expect(backend.memory().arenaBytes).toBeLessThan(large.arenaBytes + executable.arenaBytes);
    binding.run({ rows: 3 });
    const result = new Float32Array(30);
    await backend.download(buffers.y!, result);
    expect(result).toEqual(expected);
    for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
    expect(() => binding.run({ rows: 3 })).toThrow('disposed');
  });

  test('a call without a kernel is refused by name', async () => {
    const program = record((graph) => ({ y: graph.call(emit('missing'), [], {})[0]! }));
    await expect(backend.compile(program)).rejects.toThrow(
      'wasm backend: missing: expected a kernel of this name, got none; pass its WASM kernel to the backend (wasmKernels of',
    );
  });

  test('packed weights are written and read in any row order, in the logical layout', async () => {
    using buffer = backend.allocate(tensorType(f32Panels8, 11, 5));
    const values = numbers(55);
    backend.write(buffer, values.subarray(20), 20);
    backend.write(buffer, values.subarray(0, 20), 0);
    const result = new Float32Array(23);
    await backend.download(buffer, result, 17);
    expect(result).toEqual(values.subarray(17, 40));
  });

  test('entries of the first axis are copied between buffers', async () => {
    using from = backend.allocate(tensorType(f32, 4, 3));
    using to = backend.allocate(tensorType(f32, 2, 3));
    backend.write(
      from,
      Float32Array.from({ length: 12 }, (_, index) => index),
    );
    backend.copy(from, 2, to, 1, 1);
    const result = new Float32Array(6);
    await backend.download(to, result);
    expect([...result]).toEqual([0, 0, 0, 6, 7, 8]);
    expect(() => backend.copy(from, 3, to, 0, 2)).toThrow('range');
  });
});

describe('memory', () => {
  test.each([
    [4, 288, 512],
    [16, 288, 512],
    [16, 768, 128],
    [16, 1376, 128],
  ])('weights that end with the memory are read ahead within it: %i rows of %i, %i outputs', async (rows, k, out) => {
    const memoryLimitBytes = 4 * mebibyte;
    await using backend = await createWasmBackend({ threads: 1, memoryLimitBytes });
    const page = 4096;
    const before = backend.allocate(tensorType(f32, (memoryLimitBytes - page) / 4 - k * out));
    using weight = backend.allocate(tensorType(f32Panels8, out, k));
    expect(() => backend.allocate(tensorType(f32, page))).toThrow(CapacityError);
    before[Symbol.dispose]();
    const program = record((graph) => {
      const product = (name: string, rows: number, outputs: number, inner: number) => {
        const given = graph.declare('input', `x_${name}`, tensorType(f32, rows, inner));
        const matrix = graph.declare('parameter', name, tensorType(f32Panels8, outputs, inner));
        return graph.call(linear, [given, matrix], {})[0]!;
      };
      // the first one looks farther ahead
      return { first: product('large', 16, 64, 1024), y: product('weight', rows, out, k) };
    });
    using executable = await backend.compile(program);
    const bound = program.tensors.filter(({ name, role }) => role !== 'temporary' && name !== 'weight');
    const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
    backend.write(buffers.x_weight!, new Float32Array(rows * k).fill(1));
    const values = numbers(out * k);
    backend.write(weight, values);
    executable.bind({ ...buffers, weight }).run();
    const result = new Float32Array(out);
    await backend.download(buffers.y!, result, (rows - 1) * out);
    for (const [row, sum] of result.entries()) {
      const exact = values.subarray(row * k, (row + 1) * k).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(exact, 3);
    }
  });

  test('freed blocks are taken again and come zeroed', async () => {
    await using backend = await createWasmBackend({ threads: 1 });
    const type = tensorType(f32, 1000, 1000);
    for (let round = 0; round < 100; round++) {
      using buffer = backend.allocate(type);
      const first = new Float32Array(4);
      await backend.download(buffer, first);
      expect([...first]).toEqual([0, 0, 0, 0]);
      backend.write(buffer, Float32Array.of(1, 2, 3, 4));
    }
    expect(backend.memory().bufferBytes).toBe(0);
    expect(backend.memory().reservedBytes).toBeLessThan(20 * mebibyte);
  });

  test('passing the limit is an error before anything is taken', async () => {
    await using backend = await createWasmBackend({ threads: 1, memoryLimitBytes: 8 * mebibyte });
    using _kept = backend.allocate(tensorType(f32, 1024, 1024));
    const before = backend.memory();
    expect(() => backend.allocate(tensorType(f32, 1024, 1025))).toThrow(
      /allocate f32 \[1024, 1025\]: expected at most/,
    );
    expect(backend.memory()).toEqual(before);
    using _rest = backend.allocate(tensorType(f32, 512, 1024));
  });
});

describe('kernels from elsewhere', () => {
  const create = (module: WasmModuleSource, threads = 2) =>
    createWasmBackend({ threads, kernels: [wasmKernel('emit', module)] });

  test.each([
    ['another import', { imports: otherImport }, 'no import but the memory env.memory, got function env.exp'],
    ['a data segment', { data: true }, 'no data segment'],
    ['a start function', { start: true }, 'no start function: an allocator'],
    ['no memory', { imports: [0] }, 'the import env.memory, got no imported memory'],
    ['too much memory', { imports: [...memoryImport.slice(0, -1), 0x81, 0x80, 0x04] }, 'at most 65535 pages'],
    ['a body that does not validate', { body: [0x6a] }, 'a valid module'],
  ] as const)('%s is refused', async (_, module, message) => {
    await expect(create(foreignModule('stranger', module))).rejects.toThrow(`module 'stranger'`);
    await expect(create(foreignModule('stranger', module))).rejects.toThrow(message);
  });

  test('all rules that a module breaks are told at once', async () => {
    const module = foreignModule('stranger', { imports: otherImport, data: true, start: true });
    const error = await create(module).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BackendError);
    const lines = (error as Error).message.split('\n');
    expect(lines[0]).toBe("module 'stranger': 3 broken rules");
    expect(lines[1]).toMatch(/^- expected no import but the memory env.memory, got function env.exp; link/);
    expect(lines[2]).toMatch(/^- expected no data segment: .*, got a data segment; pass/);
    expect(lines[3]).toMatch(/^- expected no start function: .*, got a start function; allocate/);
  });

  test('a module of one form serves with relaxed SIMD and without', async () => {
    const { name, baseline } = foreignModule('plain', { body: trapOn(9) });
    for (const simd of ['relaxed', 'baseline'] as const) {
      const kernels = [wasmKernel('emit', { name, baseline })];
      await using backend = await createWasmBackend({ threads: 1, simd, kernels });
      const program = record((graph) => ({ y: graph.call(emit('emit'), [], {})[0]! }));
      expect((await runProgram(backend, program, {}, { before: 5 })).y).toEqual(Float32Array.of(5, 5, 5, 5));
    }
  });

  test('a module without the phase that a kernel names is refused', async () => {
    const kernel = { ...wasmKernel('emit', foreignModule('stranger', {})), phases: ['g'] };
    const message = "module 'stranger': expected an exported function 'g', got f";
    await expect(createWasmBackend({ threads: 1, kernels: [kernel] })).rejects.toThrow(message);
  });

  test('bytes that are no module are refused', async () => {
    const build = () => Uint8Array.of(1, 2, 3);
    const module = { name: 'noise', relaxed: build, baseline: build };
    await expect(create(module)).rejects.toThrow("module 'noise': expected the header");
  });

  test('a module that keeps a stack gets one for each thread', async () => {
    await using backend = await create(
      foreignModule('from C', { body: [...meet, ...storeStackPointer], stackPointer: true }),
      3,
    );
    const program = record((graph) => ({ y: graph.call(emit('emit'), [], {})[0]! }));
    const { y } = await runProgram(backend, program, { y: new Int32Array(4) });
    const stacks = [...y!.subarray(0, 3)];
    expect(new Set(stacks).size).toBe(3);
    expect(stacks.every((address) => address >= 65536)).toBe(true);
  });

  test.each([0, 1, 2])('a trap on thread %i surfaces, and the backend goes on', async (thread) => {
    const module = foreignModule('trapping', { body: [...meet, ...trapOn(thread)] });
    await using backend = await create(module, 3);
    const healthy = chain(40, 64);
    const data = chainData(40, 64);
    const expected = (await runProgram(backend, healthy, data, { values: { rows: 40 } })).y;
    const broken = record((graph) => ({
      z: graph.call(scale, [graph.declare('input', 'x', tensorType(f32, 3))], { factor: 2 })[0]!,
      y: graph.call(emit('emit'), [], {})[0]!,
    }));
    for (let round = 0; round < 3; round++) {
      const run = runProgram(backend, broken, { x: new Float32Array(3), y: new Int32Array(4) });
      await expect(run).rejects.toThrow(
        `run: call 1 (emit), module 'trapping', phase 'f', thread ${thread}: expected a kernel that returns, got`,
      );
      expect((await runProgram(backend, healthy, data, { values: { rows: 40 } })).y).toEqual(expected);
    }
  });
});

describe('threads', () => {
  test('backends side by side share the workers', async () => {
    await using one = await createWasmBackend({ threads: 3 });
    const program = chain(40, 64);
    const data = chainData(40, 64);
    const expected = (await runProgram(one, program, data, { values: { rows: 40 } })).y;
    for (let round = 0; round < 3; round++) {
      await using two = await createWasmBackend({ threads: 2 });
      expect((await runProgram(two, program, data, { values: { rows: 40 } })).y).toEqual(expected);
      expect((await runProgram(one, program, data, { values: { rows: 40 } })).y).toEqual(expected);
    }
  });

  test('many short runs come to their end', async () => {
    await using backend = await createWasmBackend({ threads: 3 });
    const program = chain(17, 40);
    using executable = await backend.compile(program);
    const bound = program.tensors.filter(({ role }) => role !== 'temporary');
    const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
    using binding = executable.bind(buffers);
    for (let run = 0; run < 300; run++) binding.run({ rows: 17 });
  });

  test.each([0, 1.5, 257])('%d threads are refused', async (threads) => {
    await expect(createWasmBackend({ threads })).rejects.toThrow('threads: expected 1 to 256');
  });

  test('a disposed backend says so', async () => {
    const backend = await createWasmBackend({ threads: 2 });
    await backend[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
    expect(() => backend.allocate(tensorType(f32, 1))).toThrow('disposed');
  });
});
