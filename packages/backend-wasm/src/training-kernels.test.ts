import type { Backend, Graph, Program, Scalar, Tensor } from '@yoco-u/spec';
import {
  accumulate,
  adamwUpdate,
  addRmsNormBackward,
  clipScale,
  embeddingAccumulate,
  embeddingBackward,
  f32,
  fillState,
  gatherRowsBackward,
  i32,
  linearCrossEntropy,
  linearCrossEntropyAccumulate,
  linearCrossEntropyBackward,
  linearInputBackward,
  linearWeightAccumulate,
  linearWeightBackward,
  meanLoss,
  meanLossBackward,
  muonDirection,
  muonUpdate,
  orthogonalize,
  rmsNormBackward,
  rotaryBackward,
  scale,
  sgdUpdate,
  squareSum,
  swigluBackward,
  tensorType,
} from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWasmBackend } from './index.ts';
import { type Data, dataOf, largestError, numbers, record, rowIndices, runProgram } from './testing.ts';

const input = (graph: Graph, name: string, ...shape: number[]): Tensor =>
  graph.declare('input', name, tensorType(f32, ...shape));
const indices = (graph: Graph, name: string, count: number): Tensor =>
  graph.declare('input', name, tensorType(i32, count));
const state = (graph: Graph, name: string, ...shape: number[]): Tensor =>
  graph.declare('state', name, tensorType(f32, ...shape));

interface Case {
  readonly name: string;
  /** Rows that a run counts, for kernels that take them: tried with all and with fewer. */
  readonly rows?: number;
  build(graph: Graph, rows: Scalar): Readonly<Record<string, Tensor>>;
  readonly data?: Data;
  readonly values?: Readonly<Record<string, number>>;
  readonly tolerance?: number;
}

const targetsOf = (T: number, V: number): Int32Array => rowIndices(T, V).map((id, row) => (row % 5 === 3 ? -1 : id));

const products: readonly Case[] = [
  [1, 1, 1],
  [2, 3, 5],
  [7, 8, 8],
  [9, 31, 17],
  [67, 37, 45],
  [66, 130, 9],
  [65, 9, 130],
  [530, 33, 100],
  [1027, 12, 300],
].map(([T, N, K]) => ({
  name: `linear ${T}x${N}x${K}`,
  rows: T!,
  build(graph, rows) {
    const gradient = input(graph, 'gradient', T!, N!);
    const x = input(graph, 'x', T!, K!);
    graph.call(linearWeightAccumulate, [gradient, x, state(graph, 'sum', N!, K!)], { rows });
    return {
      dx: graph.call(linearInputBackward, [gradient, input(graph, 'weight', N!, K!)], { rows })[0]!,
      dweight: graph.call(linearWeightBackward, [gradient, x], { rows })[0]!,
    };
  },
}));

const norms: readonly Case[] = [1, 3, 4, 7, 16, 37, 129].flatMap((C) => [
  {
    name: `rms_norm width ${C}`,
    rows: 301,
    build(graph, rows) {
      const inputs = [input(graph, 'x', 301, C), input(graph, 'gradient', 301, C), input(graph, 'weight', C)];
      const [dx, dweight] = graph.call(rmsNormBackward, inputs, { eps: 1e-5, rows });
      return { dx: dx!, dweight: dweight! };
    },
  },
  {
    name: `rms_norm in groups of ${C}`,
    rows: 130,
    build(graph, rows) {
      const inputs = [input(graph, 'x', 130, 3 * C), input(graph, 'gradient', 130, 3 * C), input(graph, 'weight', C)];
      const [dx, dweight] = graph.call(rmsNormBackward, inputs, { eps: 1e-5, group: C, rows });
      return { dx: dx!, dweight: dweight! };
    },
  },
  {
    name: `rms_norm in groups of ${C}, without a weight`,
    rows: 67,
    build(graph, rows) {
      const inputs = [input(graph, 'x', 67, 3 * C), input(graph, 'gradient', 67, 3 * C)];
      return { dx: graph.call(rmsNormBackward, inputs, { eps: 1e-5, group: C, rows })[0]! };
    },
  },
  ...[false, true].map(
    (both): Case => ({
      name: `add_rms_norm width ${C}${both ? ', both outputs used' : ''}`,
      rows: 133,
      build(graph, rows) {
        const x = input(graph, 'sum', 133, C);
        const gradients = ['ofNormed', 'ofSum'].slice(0, both ? 2 : 1).map((name) => input(graph, name, 133, C));
        const inputs = [x, input(graph, 'weight', C), ...gradients];
        const [dx, dweight] = graph.call(addRmsNormBackward, inputs, { eps: 1e-6, rows });
        return { dx: dx!, dweight: dweight! };
      },
    }),
  ),
  {
    name: `swiglu width ${C}`,
    rows: 93,
    build(graph, rows) {
      const [gate] = graph.call(scale, [input(graph, 'gate', 93, C)], { factor: 30 });
      const inputs = [gate!, input(graph, 'up', 93, C), input(graph, 'gradient', 93, C)];
      const [dgate, dup] = graph.call(swigluBackward, inputs, { rows });
      return { dgate: dgate!, dup: dup! };
    },
  },
  {
    name: `rotary head width ${2 * C}`,
    rows: 61,
    build: (graph, rows) => ({
      dx: graph.call(rotaryBackward, [input(graph, 'gradient', 61, 6 * C), input(graph, 'rotation', 61, 2 * C)], {
        rows,
      })[0]!,
    }),
  },
  {
    name: `embedding width ${C}`,
    rows: 303,
    data: { ids: rowIndices(303, 29) },
    build(graph, rows) {
      const inputs = [indices(graph, 'ids', 303), input(graph, 'gradient', 303, C)];
      graph.call(embeddingAccumulate, [...inputs, state(graph, 'sum', 29, C)], { scale: 0.75, rows });
      return { dtable: graph.call(embeddingBackward, inputs, { scale: 1.5, tableRows: 29, rows })[0]! };
    },
  },
  {
    name: `gather_rows width ${C}`,
    rows: 37,
    data: { indices: rowIndices(37, 301) },
    build(graph, rows) {
      const inputs = [input(graph, 'gradient', 37, C), indices(graph, 'indices', 37)];
      return { dx: graph.call(gatherRowsBackward, inputs, { sourceRows: 301, rows })[0]! };
    },
  },
]);

const losses: readonly Case[] = [
  [1, 3, 5],
  [5, 8, 64],
  [37, 24, 300],
  [70, 17, 1027],
  [300, 9, 17_001],
].map(([T, C, V]) => ({
  name: `linear_cross_entropy ${T}x${V}x${C}`,
  rows: T!,
  data: { targets: targetsOf(T!, V!) },
  build(graph, rows) {
    const [x] = graph.call(scale, [input(graph, 'x', T!, C!)], { factor: 3 });
    const inputs = [x!, input(graph, 'weight', V!, C!), indices(graph, 'targets', T!)];
    const [loss] = graph.call(linearCrossEntropy, inputs, { rows });
    const all = [...inputs, loss!, input(graph, 'gradient', T!)];
    const [dx, dweight] = graph.call(linearCrossEntropyBackward, all, { rows });
    const [again] = graph.call(linearCrossEntropyAccumulate, [...all, state(graph, 'sum', V!, C!)], { rows });
    return { dx: dx!, dweight: dweight!, again: again! };
  },
  // the loss that both passes go through is rounded to float32, and dx is a sum over the vocabulary
  tolerance: 2e-5,
}));

const sums: readonly Case[] = [
  {
    name: 'mean_loss',
    rows: 73,
    data: { targets: targetsOf(73, 9) },
    build(graph, rows) {
      const targets = indices(graph, 'targets', 73);
      return {
        mean: graph.call(meanLoss, [input(graph, 'losses', 73), targets], { rows })[0]!,
        dlosses: graph.call(meanLossBackward, [targets, input(graph, 'gradient', 1)], { rows })[0]!,
      };
    },
  },
  {
    name: 'mean_loss without a target',
    data: { targets: new Int32Array(5).fill(-1) },
    build(graph) {
      const targets = indices(graph, 'targets', 5);
      return {
        mean: graph.call(meanLoss, [input(graph, 'losses', 5), targets], {})[0]!,
        dlosses: graph.call(meanLossBackward, [targets, input(graph, 'gradient', 1)], {})[0]!,
      };
    },
  },
  ...[1, 5, 4096, 70_001].map(
    (count): Case => ({
      name: `square_sum, clip_scale of ${count}`,
      build(graph) {
        const [first] = graph.call(squareSum, [input(graph, 'x', count)], {});
        const [both] = graph.call(squareSum, [input(graph, 'y', 3, count), first!], {});
        const [factor, norm] = graph.call(clipScale, [both!], {
          max: graph.scalar('max', 'f32'),
          gradientScale: graph.scalar('gradientScale', 'f32'),
        });
        const [unclipped] = graph.call(clipScale, [both!], { max: 1e6 });
        return { both: both!, factor: factor!, norm: norm!, unclipped: unclipped! };
      },
      values: { max: 0.75, gradientScale: 0.5 },
    }),
  ),
];

const updates: readonly Case[] = [1, 7, 130, 40_001].flatMap((count): readonly Case[] => [
  {
    name: `accumulate, fill_state of ${count}`,
    build(graph) {
      graph.call(accumulate, [state(graph, 'sum', count), input(graph, 'x', count)], {});
      graph.call(fillState, [state(graph, 'filled', count)], { value: graph.scalar('value', 'f32') });
      graph.call(fillState, [graph.declare('state', 'counts', tensorType(i32, count))], { value: -3 });
      return {};
    },
    values: { value: 1.25 },
  },
  ...[false, true].map(
    (scaled): Case => ({
      name: `optimizers of ${count}${scaled ? ', scaled' : ''}`,
      data: { variance: numbers(count, 5).map(Math.abs) },
      build(graph) {
        const learningRate = graph.scalar('learningRate', 'f32');
        const common = { learningRate, weightDecay: 0.125, gradientScale: 0.25 };
        const gradient = input(graph, 'gradient', count);
        const rest = scaled ? [gradient, input(graph, 'factor', 1)] : [gradient];
        const moments = ['mean', 'variance'].map((name) => state(graph, name, count));
        graph.call(adamwUpdate, [state(graph, 'parameter', count), ...moments, ...rest], {
          ...common,
          beta1: 0.9,
          beta2: 0.999,
          eps: 1e-8,
          meanCorrection: graph.scalar('meanCorrection', 'f32'),
          varianceCorrection: graph.scalar('varianceCorrection', 'f32'),
        });
        const stepped = ['other', 'velocity'].map((name) => state(graph, name, count));
        graph.call(sgdUpdate, [...stepped, ...rest], { ...common, momentum: 0.875 });
        return {};
      },
      values: { learningRate: 0.5, meanCorrection: 1 - 0.9 ** 3, varianceCorrection: 1 - 0.999 ** 3 },
      // 1 - beta2 is off by 1.3e-5 of itself, since 0.999 is rounded to float32; its root enters the step
      tolerance: 1e-5,
    }),
  ),
]);

const orthogonal: readonly Case[] = [
  [1, 1],
  [1, 37],
  [37, 1],
  [31, 33],
  [16, 130],
  [130, 16],
  [64, 64],
  [300, 160],
].map(([m, n]) => ({
  name: `muon ${m}x${n}`,
  build(graph) {
    const inputs = [state(graph, 'mean', m!, n!), input(graph, 'gradient', m!, n!), input(graph, 'factor', 1)];
    const [direction] = graph.call(muonDirection, inputs, { momentum: 0.95, gradientScale: 0.5 });
    const params = { learningRate: graph.scalar('learningRate', 'f32'), weightDecay: 0.125, factor: 3 };
    graph.call(muonUpdate, [state(graph, 'parameter', m!, n!), orthogonalize(graph, direction!)], params);
    graph.call(
      muonUpdate,
      [state(graph, 'zeros', m!, n!), orthogonalize(graph, input(graph, 'nothing', m!, n!))],
      params,
    );
    return {};
  },
  data: { nothing: new Float32Array(m! * n!) },
  values: { learningRate: 0.25 },
  // five iterations let the rounding of the smallest singular values grow 485-fold
  tolerance: 2e-5,
}));

const cases = [...products, ...norms, ...losses, ...sums, ...updates, ...orthogonal];

/** Runs that a case asks for: all rows, some, none. */
const runsOf = ({ rows, values = {} }: Case): readonly Readonly<Record<string, number>>[] =>
  rows === undefined
    ? [{ rows: 0, ...values }]
    : [rows, Math.ceil(rows * 0.6), 0].map((count) => ({ ...values, rows: count }));

interface Prepared {
  readonly program: Program;
  readonly data: Data;
  readonly runs: readonly { readonly values: Readonly<Record<string, number>>; readonly expected: Data }[];
}

const prepared = new Map<Case, Promise<Prepared>>();

/** The case with what the reference gives, which takes longer than all backends: once for all of them. */
function prepare(each: Case): Promise<Prepared> {
  const known = prepared.get(each);
  if (known !== undefined) return known;
  const made = (async () => {
    await using reference = createReferenceBackend();
    const program = record((graph) => each.build(graph, graph.scalar('rows', 'i32')));
    const data = dataOf(program, each.data);
    const runs = [];
    for (const values of runsOf(each)) {
      runs.push({ values, expected: await runProgram(reference, program, data, { values }) });
    }
    return { program, data, runs };
  })();
  prepared.set(each, made);
  return made;
}

describe.each([
  { simd: 'relaxed', threads: 1 },
  { simd: 'relaxed', threads: 2 },
  { simd: 'baseline', threads: 1 },
  { simd: 'baseline', threads: 3 },
] as const)('kernels of training, $simd, $threads threads, agree with the reference', ({ simd, threads }) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createWasmBackend({ simd, threads });
  });
  afterAll(() => backend[Symbol.asyncDispose]());
  test.each(cases)('$name', async (each) => {
    const { program, data, runs } = await prepare(each);
    for (const { values, expected } of runs) {
      const actual = await runProgram(backend, program, data, { values });
      for (const name of Object.keys(expected)) {
        const what = `${name} of ${values.rows} rows`;
        expect(largestError(actual[name]!, expected[name]!), what).toBeLessThan(each.tolerance ?? 3e-6);
      }
    }
  });
});

describe.each(['relaxed', 'baseline'] as const)('kernels of training, %s, give the same bits', (simd) => {
  let backends: readonly Backend[];
  beforeAll(async () => {
    backends = await Promise.all([1, 2, 3].map((threads) => createWasmBackend({ simd, threads })));
  });
  afterAll(async () => {
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  });
  test.each(cases)('$name on 1, 2 and 3 threads', async (each) => {
    const { program, data, runs } = await prepare(each);
    const { values } = runs[0]!;
    const results = [];
    for (const backend of backends) results.push(await runProgram(backend, program, data, { values }));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});
