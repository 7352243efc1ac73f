/** Matrices larger than a binding may be: bound in parts, bit for bit, or refused before anything runs. */
import { BackendError, CapacityError } from '@yoco-u/spec';
import { embedding, f32, i32, linear, linearCrossEntropy, tensorType } from '@yoco-u/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from './backend.ts';
import { record, runProgram } from './testing.ts';

const bindingBytes = 2 ** 16;
/** 268 kB in panels: five parts, the last of which is smaller and ends within a panel. */
const [outer, inner] = [1003, 67] as const;

let large: Awaited<ReturnType<typeof openBackend>>;
let small: typeof large;
beforeAll(async () => {
  large = await openBackend();
  small = await openBackend({}, (facts) => ({ ...facts, bindingBytes }));
});
afterAll(async () => {
  await large.backend[Symbol.asyncDispose]();
  await small.backend[Symbol.asyncDispose]();
});

const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i));

describe('a matrix in parts', () => {
  test.each([1, 5])('gives the bits of the whole: %i rows', async (rows) => {
    const program = record((graph) => {
      const given = { rows: graph.scalar('rows', 'i32') };
      const weight = graph.declare('parameter', 'weight', tensorType(large.backend.matrixFormat, outer, inner));
      const ids = graph.declare('input', 'ids', tensorType(i32, 5));
      const [x] = graph.call(embedding, [ids, weight], { ...given, scale: 1.5 });
      return { x: x!, y: graph.call(linear, [x!, weight], given)[0]! };
    });
    // first and last rows of parts, the last of all, and ids that are none
    const data = { weight: numbers(outer * inner), ids: Int32Array.of(1002, 0, 128, -7, 5000) };
    const whole = await runProgram(large.backend, program, data, { rows });
    expect(await runProgram(small.backend, program, data, { rows })).toEqual(whole);
    expect(whole.x!.slice(0, inner)).toEqual(data.weight.slice(-inner).map((value) => 1.5 * value));
  });

  test('is written a few rows at a time, and read back', async () => {
    using buffer = small.backend.allocate(tensorType(small.backend.matrixFormat, outer, inner));
    const values = numbers(outer * inner);
    const step = 13 * inner;
    for (let at = 0; at < values.length; at += step) small.backend.write(buffer, values.slice(at, at + step), at);
    const read = new Float32Array(values.length);
    await small.backend.download(buffer, read);
    expect(read).toEqual(values);
  });
});

test('rows that are larger than a binding are refused', async () => {
  const program = record((graph) => {
    const weight = graph.declare('parameter', 'weight', tensorType(small.backend.matrixFormat, 3, 2 ** 14));
    const ids = graph.declare('input', 'ids', tensorType(i32, 1));
    return { x: graph.call(embedding, [ids, weight], { scale: 1 })[0]! };
  });
  await expect(small.backend.compile(program)).rejects.toThrow("embedding: binding 'weights': expected");
});

describe('what cannot be bound in parts is refused by name and size', () => {
  test('tensors that are no matrices', () => {
    expect(() => small.backend.allocate(tensorType(f32, outer, inner))).toThrow(CapacityError);
    expect(() => small.backend.allocate(tensorType(f32, outer, inner))).toThrow(
      `expected at most ${bindingBytes} bytes, the most that this device binds at once, got 268804`,
    );
  });

  test('matrices of other kernels, when the program is compiled', async () => {
    const program = record((graph) => {
      const weight = graph.declare('parameter', 'weight', tensorType(small.backend.matrixFormat, outer, inner));
      const x = graph.declare('input', 'x', tensorType(f32, 2, inner));
      const targets = graph.declare('input', 'targets', tensorType(i32, 2));
      return { losses: graph.call(linearCrossEntropy, [x, weight, targets], {})[0]! };
    });
    const compiling = small.backend.compile(program);
    await expect(compiling).rejects.toBeInstanceOf(BackendError);
    await expect(compiling).rejects.toThrow('of 270144 bytes, where a binding may span 65536');
  });
});
