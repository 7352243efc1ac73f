import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createGraph } from './graph.ts';
import { add, fillState, linear, linearCrossEntropy, rmsNorm, scale, sgdUpdate } from './kernels/index.ts';
import { printProgram, summarizeProgram } from './print.ts';
import { createReferenceBackend } from './reference/index.ts';
import { byteLength, elementCount, f32, f32Panels8, i32, tensorType } from './shape.ts';

const vector = tensorType(f32, 1, 5);

/** Adds x to a state in place; no outputs. */
const accumulate: KernelSpec = {
  name: 'test_accumulate',
  updates: [1],
  infer: () => [],
  cost: () => ({ flops: 0, bytes: 0 }),
  reference({ inputs: [x, state] }) {
    for (let i = 0; i < x!.length; i++) state![i]! += x![i]!;
  },
};

/** Sum of squares: x → [1]. */
const squares: KernelSpec = {
  name: 'test_squares',
  infer: () => [tensorType(f32, 1)],
  cost: () => ({ flops: 0, bytes: 0 }),
  reference({ inputs: [x], outputs: [sum] }) {
    sum![0] = 0;
    for (const value of x!) sum![0] += value * value;
  },
  backward: (graph, { inputs: [x] }) => [graph.call(scale, [x!], { factor: 2 })[0]],
};

describe('createGraph', () => {
  test('drops calls that lead nowhere and keeps updates', () => {
    const graph = createGraph();
    const x = graph.declare('input', 'x', vector);
    const state = graph.declare('state', 'sum', vector);
    graph.call(scale, [x], { factor: 3 });
    graph.call(accumulate, [x, state], {});
    const [y] = graph.call(add, [x, x], {});
    const program = graph.build({ y: y! });
    expect(program.calls.map((call) => call.kernel)).toEqual(['test_accumulate', 'add']);
    expect(program.calls[0]!.updates).toEqual([1]);
    expect(program.tensors.map(({ name }) => name)).toEqual(['x', 'sum', 'y']);
  });

  test('mistakes are named where they are made', () => {
    const graph = createGraph();
    const x = graph.declare('input', 'x', vector);
    const weight = graph.declare('parameter', 'weight', tensorType(f32, 7, 4));
    expect(() => graph.call(linear, [x, weight], {})).toThrow(
      'linear: inner sizes differ: x f32 [1, 5] x weight f32 [7, 4]; weight must be [out, 5]',
    );
    expect(() => graph.declare('input', 'x', vector)).toThrow("'x' a second time");
    expect(() => graph.call(accumulate, [x, x], {})).toThrow(
      "expected a state as input 1, which it updates, got input 'x'",
    );
    expect(() => graph.call(add, [x, createGraph().declare('input', 'z', vector)], {})).toThrow('of another one');
    expect(() => graph.build({ out: x })).toThrow("got input 'x'");
    expect(() => graph.call(rmsNorm, [x], { eps: 1e-6, group: 2 })).toThrow('multiple of 2');
    const ids = graph.declare('input', 'ids', tensorType(i32, 1, 5));
    expect(() => graph.call(add, [x, ids], {})).toThrow('operands of one shape, got f32 [1, 5] and i32 [1, 5]');
    const table = graph.declare('input', 'table', tensorType(f32, 2, 5));
    expect(() => graph.call(rmsNorm, [x, table], { eps: 1e-6 })).toThrow('weight f32 [5], got f32 [2, 5]');
    expect(() => graph.call(linearCrossEntropy, [ids, table, ids], {})).toThrow('x of f32 elements');
    graph.scalar('rows', 'i32');
    expect(() => graph.scalar('rows', 'f32')).toThrow(ShapeError);
    graph.build({});
    expect(() => graph.call(add, [x, x], {})).toThrow('already built');
  });

  test('a scalar is one thing under one name', () => {
    const graph = createGraph();
    expect(graph.scalar('rows', 'i32')).toBe(graph.scalar('rows', 'i32'));
  });
});

describe('backward', () => {
  test('adds up what reaches a parameter on several paths', async () => {
    const graph = createGraph();
    const p = graph.declare('parameter', 'p', vector);
    const [double] = graph.call(scale, [p], { factor: 2 });
    const [sum] = graph.call(add, [double!, p], {});
    const [loss] = graph.call(squares, [sum!], {});
    const gradient = graph.backward(loss!).get(p)!;
    const program = graph.build({ loss: loss!, gradient });
    await using backend = createReferenceBackend({ kernels: [squares] });
    const buffers = Object.fromEntries(
      program.tensors
        .filter(({ role }) => role !== 'temporary')
        .map(({ name, type }) => [name, backend.allocate(type)]),
    );
    backend.write(buffers.p!, Float64Array.of(1, -2, 3, 0.5, 0));
    (await backend.compile(program)).bind(buffers).run();
    const got = new Float64Array(5);
    await backend.download(buffers.gradient!, got);
    // loss = Σ (3p)²
    expect([...got]).toEqual([18, -36, 54, 9, 0]);
  });

  test('adds to a state in place where it is given one, run after run', async () => {
    const graph = createGraph();
    const p = graph.declare('parameter', 'p', vector);
    const sum = graph.declare('state', 'gradient.p', vector);
    const [double] = graph.call(scale, [p], { factor: 2 });
    const [loss] = graph.call(squares, [graph.call(add, [double!, p], {})[0]!], {});
    expect(graph.backward(loss!, new Map([[p, sum]])).get(p)).toBe(sum);
    const program = graph.build({ loss: loss! });
    await using backend = createReferenceBackend({ kernels: [squares] });
    const buffers = Object.fromEntries(
      program.tensors
        .filter(({ role }) => role !== 'temporary')
        .map(({ name, type }) => [name, backend.allocate(type)]),
    );
    backend.write(buffers.p!, Float64Array.of(1, -2, 3, 0.5, 0));
    const binding = (await backend.compile(program)).bind(buffers);
    binding.run();
    binding.run();
    const got = new Float64Array(5);
    await backend.download(buffers['gradient.p']!, got);
    expect([...got]).toEqual([36, -72, 108, 18, 0]);
  });

  test('a state with an accumulator is differentiated, also in a program that then updates it', async () => {
    const graph = createGraph();
    const p = graph.declare('state', 'p', vector);
    const velocity = graph.declare('state', 'velocity', vector);
    const sum = graph.declare('state', 'gradient.p', vector);
    const loss = graph.call(squares, [graph.call(scale, [p], { factor: 3 })[0]!], {})[0]!;
    expect([...graph.backward(loss, new Map([[p, sum]]))]).toEqual([[p, sum]]);
    graph.call(sgdUpdate, [p, velocity, sum], { learningRate: 0.01, momentum: 0, weightDecay: 0 });
    graph.call(fillState, [sum], { value: 0 });
    const program = graph.build({ loss });
    await using backend = createReferenceBackend({ kernels: [squares] });
    const buffers = Object.fromEntries(
      program.tensors
        .filter(({ role }) => role !== 'temporary')
        .map(({ name, type }) => [name, backend.allocate(type)]),
    );
    backend.write(buffers.p!, Float64Array.of(1, -2, 3, 0.5, 0));
    const binding = (await backend.compile(program)).bind(buffers);
    binding.run();
    binding.run();
    const got = new Float64Array(5);
    await backend.download(buffers.p!, got);
    // loss = Σ (3p)², of gradient 18p: each step leaves 0.82 of p
    for (const [i, start] of [1, -2, 3, 0.5, 0].entries()) expect(got[i]).toBeCloseTo(start * 0.82 ** 2, 12);
  });

  test('accumulators that cannot hold a gradient are refused', () => {
    const graph = createGraph();
    const p = graph.declare('state', 'p', vector);
    const sum = graph.declare('state', 'sum', vector);
    const short = graph.declare('state', 'short', tensorType(f32, 1, 4));
    const parameter = graph.declare('parameter', 'parameter', vector);
    const [double] = graph.call(scale, [p], { factor: 2 });
    const [loss] = graph.call(squares, [double!], {});
    expect(() => graph.backward(loss!, new Map([[double!, sum]]))).toThrow("got one of temporary ''");
    expect(() => graph.backward(loss!, new Map([[p, short]]))).toThrow(
      "accumulator of 'p': expected a state [1, 5], got state f32 [1, 4]",
    );
    expect(() => graph.backward(loss!, new Map([[p, parameter]]))).toThrow('got parameter f32 [1, 5]');
    graph.call(accumulate, [double!, sum], {});
    expect(() => graph.backward(loss!, new Map([[p, sum]]))).not.toThrow();
    graph.call(fillState, [p], { value: 0 });
    expect(() => graph.backward(loss!, new Map([[p, sum]]))).toThrow('one that fill_state updates');
  });

  test('says what cannot be differentiated', () => {
    const graph = createGraph();
    const p = graph.declare('parameter', 'p', vector);
    const [normed] = graph.call(rmsNorm, [p], { eps: 1e-6 });
    expect(() => graph.backward(normed!)).toThrow('a loss of one element');
    const blunt: KernelSpec = { ...squares, name: 'test_blunt', backward: undefined as never };
    const [loss] = graph.call({ ...blunt, backward: undefined } as never as KernelSpec, [normed!], {});
    expect(() => graph.backward(loss!)).toThrow('expected kernels with a backward, got test_blunt');
  });
});

describe('reference backend', () => {
  test('rows beyond the extent are NaN, never the last run’s', async () => {
    const graph = createGraph();
    const rows = graph.scalar('rows', 'i32');
    const x = graph.declare('input', 'x', tensorType(f32, 3, 2));
    const program = graph.build({ y: graph.call(scale, [x], { rows, factor: 2 })[0]! });
    await using backend = createReferenceBackend({ precision: 32 });
    const buffers = { x: backend.allocate(tensorType(f32, 3, 2)), y: backend.allocate(tensorType(f32, 3, 2)) };
    backend.write(buffers.x, Float32Array.of(1, 2, 3, 4, 5, 6));
    const binding = (await backend.compile(program)).bind(buffers);
    const y = new Float32Array(6);
    binding.run({ rows: 3 });
    binding.run({ rows: 1 });
    await backend.download(buffers.y, y);
    expect([...y]).toEqual([2, 4, Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    expect(() => binding.run()).toThrow("scalar 'rows'");
    expect(() => binding.run({ rows: 1.5 })).toThrow("scalar 'rows'");
  });
});

describe('printing', () => {
  test('shows scalars, updates and labels', () => {
    const graph = createGraph();
    const x = graph.declare('input', 'x', vector);
    const state = graph.declare('state', 'sum', vector);
    const [double] = graph.call(scale, [x], { factor: graph.scalar('factor', 'f32') });
    graph.label(double!, 'twice');
    graph.call(accumulate, [double!, state], {});
    const program = graph.build({});
    expect(printProgram(program)).toBe(
      [
        "input 'x' f32 [1, 5]",
        "state 'sum' f32 [1, 5]",
        'scalar $factor f32',
        "%2:twice f32 [1, 5] = scale('x') factor=$factor",
        "test_accumulate(%2:twice, &'sum')",
      ].join('\n'),
    );
    expect(summarizeProgram(program, [scale])).toMatchObject({ calls: 2, flops: 5, stateBytes: 20, arenaBytes: 64 });
  });
});

describe('shapes', () => {
  test('panels pad their rows to a multiple of 8', () => {
    expect(byteLength(tensorType(f32Panels8, 9, 5))).toBe(16 * 5 * 4);
    expect(byteLength(tensorType(i32, 9, 5))).toBe(180);
    expect(elementCount(tensorType(f32Panels8, 9, 5))).toBe(45);
  });

  test.each([[0], [-1], [1.5], [Number.NaN]])('a size of %s is refused', (size) => {
    expect(() => tensorType(f32, 3, size)).toThrow(ShapeError);
  });
});
