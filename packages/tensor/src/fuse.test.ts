import { BackendError, type Graph, type KernelSpec, ShapeError, type Tensor } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { describeCall, expandProgram } from './expand.ts';
import { fuse } from './fuse.ts';
import { createGraph } from './graph.ts';
import { add, addRmsNormSwiglu, fillState, scale, swiglu } from './kernels/index.ts';
import { createReferenceBackend } from './reference/index.ts';
import { f32, tensorType } from './shape.ts';
import { evaluate, seededArray } from './testing.ts';

const type = tensorType(f32, 2, 3);
const gated = fuse<{ readonly factor: number }>({
  name: 'test.scaled_swiglu',
  inputs: () => 2,
  expand(graph, [gate, up], { factor }) {
    const [scaled] = graph.call(scale, [gate!], { factor });
    return graph.call(swiglu, [scaled!, up!], {});
  },
});
const twice = fuse<object>({
  name: 'test.twice',
  inputs: () => 2,
  expand(graph, inputs) {
    const [once] = graph.call(gated, inputs, { factor: 2 });
    return graph.call(gated, [once!, inputs[1]!], { factor: 3 });
  },
});
const declare = (graph: Graph): readonly Tensor[] =>
  ['gate', 'up'].map((name) => graph.declare('parameter', name, type));

describe('a fused call', () => {
  const graph = createGraph();
  const program = graph.build({ y: graph.call(twice, declare(graph), {})[0]! });
  const kernelsOf = (supported: readonly string[]): readonly string[] =>
    expandProgram(program, ({ kernel }) => supported.includes(kernel)).calls.map(({ kernel }) => kernel);

  test('is one call, and carries its parts', () => {
    expect(program.calls.map(({ kernel }) => kernel)).toEqual(['test.twice']);
    expect(structuredClone(program)).toEqual(program);
  });

  test('is replaced where it is not supported, and its fused parts likewise', () => {
    expect(kernelsOf(['test.twice'])).toEqual(['test.twice']);
    expect(kernelsOf(['test.scaled_swiglu'])).toEqual(['test.scaled_swiglu', 'test.scaled_swiglu']);
    expect(kernelsOf([])).toEqual(['scale', 'swiglu', 'scale', 'swiglu']);
  });

  test('keeps inputs and outputs when replaced', () => {
    const { tensors, calls } = expandProgram(program, () => false);
    expect(tensors[calls.at(-1)!.outputs[0]!]).toMatchObject({ role: 'output', name: 'y' });
    expect(describeCall(program, calls[1]!)).toMatchObject({ kernel: 'swiglu', inputs: [type, type], outputs: [type] });
  });

  test('has the work of its parts, less what stays inside', () => {
    const parts = [scale.cost([type], { factor: 1 }), swiglu.cost([type, type], {})];
    const { flops, bytes } = gated.cost([type, type], { factor: 2 });
    expect(flops).toBe(parts[0]!.flops + parts[1]!.flops);
    expect(bytes).toBe(3 * 24);
  });

  test('means what its parts mean', () => {
    const data = [1, 2].map((seed) => ({ type, data: seededArray(6, seed) }));
    const [gate, up] = data.map((input) => input.data);
    const silu = (x: number): number => x / (1 + Math.exp(-x));
    const once = gate!.map((x, i) => silu(2 * x) * up![i]!);
    expect(evaluate(twice, data, {})[0]).toEqual(once.map((x, i) => silu(3 * x) * up![i]!));
  });

  test('refuses another count of inputs', () => {
    expect(() => gated.infer([type], { factor: 1 })).toThrow('test.scaled_swiglu: expected 2 inputs, got 1');
  });
});

describe('gradients', () => {
  const lossOf = (graph: Graph, kernel: KernelSpec<object>, record: <T>(of: () => T) => T = (of) => of()) => {
    const inputs = declare(graph);
    const [y] = record(() => graph.call(kernel, inputs, {}));
    const total = ['left', 'right'].map((name) => graph.declare('input', name, tensorType(f32, 1, 2)));
    const loss = graph.call(reduce, [y!, ...total], {})[0]!;
    return { inputs, gradients: graph.backward(loss), loss };
  };
  /** left · y · rightᵀ, of one element; the gradient of y is what a test reads. */
  const reduce: KernelSpec<object> = {
    name: 'test.sum',
    infer: () => [tensorType(f32, 1)],
    cost: () => ({ flops: 0, bytes: 0 }),
    reference({ inputs: [y], outputs: [sum] }) {
      sum![0] = Array.from(y!).reduce((a, b) => a + b, 0);
    },
    backward: (graph, { inputs: [y] }) => [graph.call(ones, [y!], {})[0]],
  };
  const ones: KernelSpec<object> = {
    name: 'test.ones',
    infer: ([y]) => [y!],
    cost: () => ({ flops: 0, bytes: 0 }),
    reference: ({ outputs: [gradient] }) => void gradient!.fill(1),
  };
  const plain: KernelSpec<object> = { ...twice, name: 'test.plain' };

  test('flow through the parts, whose results are not computed twice', () => {
    const graph = createGraph();
    const { gradients, loss } = lossOf(graph, plain);
    expect(gradients.size).toBe(2);
    const { calls } = graph.build({ loss });
    expect(calls.filter(({ kernel }) => kernel.startsWith('test.')).map(({ kernel }) => kernel)).toEqual(['test.sum']);
  });

  test('are those of finite differences', async () => {
    const graph = createGraph();
    const { inputs, gradients, loss } = lossOf(graph, twice, (of) => graph.recompute(of));
    const of = graph.call(scale, [gradients.get(inputs[0]!)!], { factor: 1 })[0]!;
    const program = graph.build({ loss, of });
    await using backend = createReferenceBackend({ kernels: [reduce, ones] });
    const buffers = Object.fromEntries(
      program.tensors.filter(({ role }) => role !== 'temporary').map((one) => [one.name, backend.allocate(one.type)]),
    );
    const gate = seededArray(6, 1);
    backend.write(buffers.up!, seededArray(6, 2));
    const binding = (await backend.compile(program)).bind(buffers);
    const run = async (name: string, length: number): Promise<Float64Array> => {
      backend.write(buffers.gate!, gate);
      binding.run();
      const into = new Float64Array(length);
      await backend.download(buffers[name]!, into);
      return into;
    };
    const recorded = await run('of', 6);
    for (let i = 0; i < 6; i++) {
      const at = gate[i]!;
      gate[i] = at + 1e-6;
      const above = (await run('loss', 1))[0]!;
      gate[i] = at - 1e-6;
      const below = (await run('loss', 1))[0]!;
      gate[i] = at;
      expect(recorded[i]).toBeCloseTo((above - below) / 2e-6, 6);
    }
  });
});

describe('an expansion is refused', () => {
  const record = (expand: KernelSpec['expand']) => () => {
    const graph = createGraph();
    const kernel: KernelSpec = { ...add, name: 'test.wrong', expand } as KernelSpec;
    const y = graph.call(kernel, declare(graph), {})[0]!;
    graph.build({ y });
  };

  test('that hands an input on', () => {
    expect(record((_, [x]) => [x!])).toThrow(
      'test.wrong: expand: expected results of its own calls: f32 [2, 3], got an input',
    );
  });

  test('of other types', () => {
    expect(record(() => [])).toThrow('got none');
  });

  test('that updates what is no state', () => {
    expect(record((graph, [x]) => graph.call(fillState, [x!], { value: 0 }))).toThrow(ShapeError);
  });
});

test('a backend that lacks a fused kernel runs its parts, and names the part that it lacks', async () => {
  const unknown = fuse<object>({
    name: 'test.unknown',
    inputs: () => 2,
    expand: (graph, inputs) => graph.call(mine, inputs, {}),
  });
  const mine: KernelSpec<object> = { ...add, name: 'test.mine' } as KernelSpec<object>;
  const graph = createGraph();
  const program = graph.build({ y: graph.call(unknown, declare(graph), {})[0]! });
  await using backend = createReferenceBackend();
  await expect(backend.compile(program)).rejects.toThrow(BackendError);
  await expect(backend.compile(program)).rejects.toThrow('test.mine: expected a kernel of this name');
  await using complete = createReferenceBackend({ kernels: [mine] });
  expect((await complete.compile(program)).program).toBe(program);
});

test('the hidden values of a gated feed-forward come with the residual sum', () => {
  const [x, weight, matrix] = [type, tensorType(f32, 3), tensorType(f32, 5, 3)];
  const outputs = addRmsNormSwiglu.infer([x, x, weight, matrix, matrix], { eps: 1e-5 });
  expect(outputs).toEqual([type, tensorType(f32, 2, 5)]);
});
