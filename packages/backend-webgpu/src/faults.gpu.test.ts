/** What goes wrong on devices: a typed error at the next step, and no hang. */
import { type Backend, CapacityError, DeviceLostError, type Program } from '@yoco-u/spec';
import { f32, linear, scale, tensorType } from '@yoco-u/tensor';
import { describe, expect, test } from 'vitest';
import { openBackend } from './backend.ts';
import { createWebGpuBackend } from './index.ts';
import { record, runProgram } from './testing.ts';

const doubled: Program = record((graph) => ({
  y: graph.call(scale, [graph.declare('input', 'x', tensorType(f32, 2, 3))], { factor: 2 })[0]!,
}));
const x = Float32Array.of(1, 2, 3, 4, 5, 6);

async function expectWorking(backend: Backend): Promise<void> {
  expect((await runProgram(backend, doubled, { x })).y).toEqual(x.map((value) => 2 * value));
}

describe('a lost device', () => {
  test('fails every operation within one step, and another backend goes on', async () => {
    const { backend, device } = await openBackend();
    const executable = await backend.compile(doubled);
    const buffers = { x: backend.allocate(tensorType(f32, 2, 3)), y: backend.allocate(tensorType(f32, 2, 3)) };
    const binding = executable.bind(buffers);
    backend.write(buffers.x, x);
    binding.run();
    const pending = backend.download(buffers.y, new Float32Array(6));
    device.destroy();
    await expect(pending).rejects.toBeInstanceOf(DeviceLostError);
    await expect(backend.download(buffers.y, new Float32Array(6))).rejects.toBeInstanceOf(DeviceLostError);
    await expect(backend.settled()).rejects.toThrow('expected a live device, got one that is lost (destroyed');
    await expect(backend.compile(doubled)).rejects.toBeInstanceOf(DeviceLostError);
    expect(() => binding.run()).toThrow(DeviceLostError);
    expect(() => executable.bind(buffers)).toThrow(DeviceLostError);
    expect(() => backend.write(buffers.x, x)).toThrow(DeviceLostError);
    expect(() => backend.copy(buffers.x, 0, buffers.x, 1, 1)).toThrow(DeviceLostError);
    expect(() => backend.allocate(tensorType(f32, 1))).toThrow(DeviceLostError);
    expect(backend.memory().bufferBytes).toBe(64);
    await backend[Symbol.asyncDispose]();
    expect(backend.memory().reservedBytes).toBe(0);
    await using another = await createWebGpuBackend();
    await expectWorking(another);
  });
});

describe('memory', () => {
  test('that runs out is a CapacityError at the next wait, and what fits goes on', async () => {
    const { backend, device } = await openBackend();
    // a software adapter refuses its own largest buffer
    using _ = backend.allocate(tensorType(f32, Math.floor(device.limits.maxBufferSize / 16) * 4));
    const failure = await backend.settled().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CapacityError);
    expect(String(failure)).toContain('expected memory on the device');
    await backend.settled();
    await expectWorking(backend);
    await backend[Symbol.asyncDispose]();
    expect(backend.memory().reservedBytes).toBe(0);
  });

  test('that runs out for temporaries of one program leaves those of others alone', async () => {
    const { backend: opened, device } = await openBackend();
    await using backend = opened;
    const twice = (width: number) =>
      record((graph) => {
        const [y] = graph.call(scale, [graph.declare('input', 'x', tensorType(f32, width))], { factor: 2 });
        return { y: graph.call(scale, [y!], { factor: 2 })[0]! };
      });
    using executable = await backend.compile(twice(6));
    using given = backend.allocate(tensorType(f32, 6));
    using result = backend.allocate(tensorType(f32, 6));
    using binding = executable.bind({ x: given, y: result });
    backend.write(given, x);
    const before = backend.memory();
    // a software adapter refuses its own largest buffer
    const most = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
    await expect(backend.compile(twice(Math.floor(most / 16) * 4))).rejects.toBeInstanceOf(CapacityError);
    expect(backend.memory()).toEqual(before);
    binding.run();
    const values = new Float32Array(6);
    await backend.download(result, values);
    expect(values).toEqual(x.map((value) => 4 * value));
  });

  test('beyond what a binding may span is refused before anything is taken', async () => {
    await using backend = await createWebGpuBackend();
    const before = backend.memory();
    expect(() => backend.allocate(tensorType(f32, 2 ** 20, 2 ** 12))).toThrow(CapacityError);
    expect(backend.memory()).toEqual(before);
    const large = record((graph) => {
      const [y] = graph.call(scale, [graph.declare('input', 'x', tensorType(f32, 2 ** 20, 2 ** 12))], { factor: 2 });
      return { y: graph.call(scale, [y!], { factor: 2 })[0]! };
    });
    await expect(backend.compile(large)).rejects.toThrow('where a binding may span');
    expect(backend.memory().arenaBytes).toBe(before.arenaBytes);
    await expectWorking(backend);
  });

  test('is given back by a large download, which takes no more than the tensor', async () => {
    await using backend = await createWebGpuBackend();
    const type = tensorType(f32, 5, 2 ** 20 - 1);
    using buffer = backend.allocate(type);
    const last = Float32Array.of(7);
    const before = backend.memory().reservedBytes;
    backend.write(buffer, last, 5 * (2 ** 20 - 1) - 1);
    const values = new Float32Array(5 * (2 ** 20 - 1));
    const reading = backend.download(buffer, values);
    expect(backend.memory().reservedBytes).toBe(before + buffer.byteLength);
    await reading;
    expect(values.at(-1)).toBe(7);
    expect(backend.memory().reservedBytes).toBe(before);
  });

  test('is given back by two hundred runs, bindings and executables', async () => {
    await using backend = await createWebGpuBackend();
    const program = record((graph) => {
      const rows = graph.scalar('rows', 'i32');
      const weight = graph.declare('parameter', 'weight', tensorType(backend.matrixFormat, 5, 3));
      const [y] = graph.call(linear, [graph.declare('input', 'x', tensorType(f32, 2, 3)), weight], { rows });
      return { y: graph.call(scale, [y!], { rows, factor: 2 })[0]! };
    });
    await runProgram(backend, program, {}, { rows: 1 });
    const before = backend.memory();
    for (let turn = 0; turn < 200; turn++) await runProgram(backend, program, { x }, { rows: 1 + (turn % 2) });
    expect(backend.memory()).toEqual(before);
  });
});
