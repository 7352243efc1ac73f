import type { Backend, Graph, StorageFormat, Tensor } from '@yoco-u/spec';
import {
  add,
  addRmsNorm,
  embedding,
  f32,
  f32Panels8,
  fill,
  gatherRows,
  i32,
  linear,
  linearCrossEntropy,
  rmsNorm,
  rotary,
  scale,
  swiglu,
  tensorType,
} from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWasmBackend } from './index.ts';
import { type Data, dataOf, largestError, record, rowIndices, runProgram } from './testing.ts';

const input = (graph: Graph, name: string, ...shape: number[]): Tensor =>
  graph.declare('input', name, tensorType(f32, ...shape));
const indices = (graph: Graph, name: string, ...shape: number[]): Tensor =>
  graph.declare('input', name, tensorType(i32, ...shape));
const weight = (graph: Graph, format: StorageFormat, ...shape: number[]): Tensor =>
  graph.declare('parameter', 'weight', tensorType(format, ...shape));

interface Case {
  readonly name: string;
  build(graph: Graph, format: StorageFormat): Readonly<Record<string, Tensor>>;
  /** Data of integer inputs; the others get numbers in [-1, 1). */
  readonly integers?: Data;
  readonly values?: Readonly<Record<string, number>>;
  readonly formats?: readonly StorageFormat[];
  readonly tolerance?: number;
}

const matrices = [f32, f32Panels8];
const cases: readonly Case[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 9, 16, 67].flatMap((T) =>
    [
      [1, 1],
      [3, 5],
      [8, 8],
      [17, 31],
      [33, 100],
      [300, 64],
      [520, 9],
      [1301, 139],
    ].map(([K, N]) => ({
      name: `linear ${T}x${N}x${K}`,
      build: (graph: Graph, format: StorageFormat) => ({
        y: graph.call(linear, [input(graph, 'x', T, K!), weight(graph, format, N!, K!)], {})[0]!,
      }),
      formats: matrices,
    })),
  ),
  {
    name: 'linear of tall inputs to few outputs',
    build: (graph, format) => ({
      y: graph.call(linear, [input(graph, 'x', 203, 40), weight(graph, format, 11, 40)], {})[0]!,
    }),
    formats: matrices,
  },
  ...[1, 3, 4, 7, 16, 37, 129].flatMap((C) => [
    {
      name: `rms_norm width ${C}`,
      build: (graph: Graph) => ({
        y: graph.call(rmsNorm, [input(graph, 'x', 9, C), input(graph, 'w', C)], { eps: 1e-5 })[0]!,
      }),
    },
    {
      name: `rms_norm in groups of ${C}, without a weight`,
      build: (graph: Graph) => ({ y: graph.call(rmsNorm, [input(graph, 'x', 5, 3 * C)], { eps: 1e-5, group: C })[0]! }),
    },
    {
      name: `add_rms_norm width ${C}`,
      build: (graph: Graph) => {
        const [sum, normed] = graph.call(
          addRmsNorm,
          [input(graph, 'x', 11, C), input(graph, 'd', 11, C), input(graph, 'w', C)],
          { eps: 1e-6 },
        );
        return { sum: sum!, normed: normed! };
      },
    },
    {
      name: `add width ${C}`,
      build: (graph: Graph) => ({ y: graph.call(add, [input(graph, 'a', 13, C), input(graph, 'b', 13, C)], {})[0]! }),
    },
    {
      name: `scale width ${C}`,
      build: (graph: Graph) => ({
        y: graph.call(scale, [input(graph, 'x', 5, C)], { factor: graph.scalar('factor', 'f32') })[0]!,
      }),
      values: { factor: -1.75 },
    },
    {
      name: `swiglu width ${C}`,
      build: (graph: Graph) => {
        const [gate] = graph.call(scale, [input(graph, 'gate', 7, C)], { factor: 30 });
        return { y: graph.call(swiglu, [gate!, input(graph, 'up', 7, C)], {})[0]! };
      },
    },
    {
      name: `rotary head width ${2 * C}`,
      build: (graph: Graph) => ({
        y: graph.call(rotary, [input(graph, 'x', 5, 6 * C), input(graph, 'rotation', 5, 2 * C)], {})[0]!,
      }),
    },
    {
      name: `embedding width ${C}`,
      build: (graph: Graph, format: StorageFormat) => ({
        y: graph.call(embedding, [indices(graph, 'ids', 10), weight(graph, format, 29, C)], { scale: 1.5 })[0]!,
      }),
      integers: { ids: rowIndices(10, 29) },
      formats: matrices,
    },
    {
      name: `gather_rows width ${C}`,
      build: (graph: Graph) => ({
        y: graph.call(gatherRows, [input(graph, 'x', 12, C), indices(graph, 'rows', 5)], {})[0]!,
      }),
      integers: { rows: Int32Array.of(11, 0, 3, 3, 7) },
    },
  ]),
  {
    name: 'calls large enough for all threads',
    build: (graph) => {
      const x = input(graph, 'x', 301, 131);
      const [sum] = graph.call(add, [x, input(graph, 'b', 301, 131)], {});
      const [half] = graph.call(scale, [sum!], { factor: 0.5 });
      const [gated] = graph.call(swiglu, [half!, x], {});
      return { y: graph.call(rmsNorm, [gated!, input(graph, 'w', 131)], { eps: 1e-5 })[0]! };
    },
  },
  {
    name: 'fill',
    build: (graph) => ({ y: graph.call(fill, [], { type: tensorType(f32, 3, 7), value: -2.5 })[0]! }),
  },
  ...[
    [1, 3, 5],
    [5, 8, 256],
    [37, 24, 300],
    [70, 17, 1027],
  ].map(([T, C, V]) => ({
    name: `linear_cross_entropy ${T}x${V}x${C}`,
    build: (graph: Graph, format: StorageFormat) => {
      const [x] = graph.call(scale, [input(graph, 'x', T!, C!)], { factor: 5 });
      return {
        losses: graph.call(
          linearCrossEntropy,
          [x!, weight(graph, format, V!, C!), indices(graph, 'targets', T!)],
          {},
        )[0]!,
      };
    },
    integers: { targets: rowIndices(T!, V!).map((id, row) => (row % 4 === 2 ? -1 : id)) },
    formats: matrices,
  })),
];

describe.each([
  { simd: 'relaxed', threads: 1 },
  { simd: 'relaxed', threads: 2 },
  { simd: 'baseline', threads: 1 },
  { simd: 'baseline', threads: 3 },
] as const)('base kernels, $simd, $threads threads, agree with the reference', ({ simd, threads }) => {
  let backend: Backend;
  const reference = createReferenceBackend();
  beforeAll(async () => {
    backend = await createWasmBackend({ simd, threads });
  });
  afterAll(async () => {
    await backend[Symbol.asyncDispose]();
    await reference[Symbol.asyncDispose]();
  });
  test.each(cases)('$name', async ({ build, integers, values, formats = [f32], tolerance = 2e-6 }) => {
    for (const format of formats) {
      const program = record((graph) => build(graph, format));
      const data = dataOf(program, integers);
      const options = { values: values ?? {} };
      const expected = await runProgram(
        reference,
        record((graph) => build(graph, f32)),
        data,
        options,
      );
      const actual = await runProgram(backend, program, data, options);
      for (const name of Object.keys(expected)) {
        expect(largestError(actual[name]!, expected[name]!), `${name} ${format.name}`).toBeLessThan(tolerance);
      }
    }
  });
});
