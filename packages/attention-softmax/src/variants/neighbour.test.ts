/** A variant of somebody else's, made of what this package exports. */
import type { AttentionVariant, KernelSpec, Tensor } from '@yoco-u/spec';
import { createGraph, f32, i32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import {
  keysAndValues,
  parseSoftmaxConfig,
  project,
  queries,
  readSegments,
  type SegmentParams,
  type SoftmaxConfig,
  selfParameters,
} from '../index.ts';

/** The mean of a segment's values up to each row; queries and keys only take part in the width. */
const runningMean: KernelSpec<SegmentParams> = {
  name: 'attention.running_mean',
  infer: ([, , v]) => [v!],
  cost: () => ({ flops: 0, bytes: 0 }),
  reference({ inputs: [, , v, table], outputs: [out], outputTypes: [type], params, value }) {
    const [maxRows, width] = type!.shape as [number, number];
    for (const { firstRow, rows } of readSegments(table!, value(params.segmentCount), maxRows)) {
      for (let column = 0; column < width; column++) {
        let sum = 0;
        for (let row = 0; row < rows; row++) {
          sum += v![(firstRow + row) * width + column]!;
          out![(firstRow + row) * width + column] = sum / (row + 1);
        }
      }
    }
  },
};

const neighbour: AttentionVariant<SoftmaxConfig> = {
  specVersion: 1,
  name: 'running_mean',
  stage: 'self',
  kernels: [runningMean],
  stageKeys: [],
  parse: (context) => parseSoftmaxConfig(context),
  parameters: selfParameters,
  state: () => [],
  apply(graph, config, input, scope) {
    const { segments, segmentCount, rows } = scope.batch;
    const q = queries(graph, config, scope, input);
    const [k, v] = keysAndValues(graph, config, scope, input);
    const [mean] = graph.call(runningMean, [q, k, v, segments], { segmentCount, rows });
    return project(graph, scope, 'o_proj', mean!);
  },
  cost: () => ({ layer: 0, stage: 0 }),
};

test('projections and segments serve a variant of another package', async () => {
  const model = { hiddenSize: 3, heads: 1, keyValueHeads: 1, headDim: 3, normEps: 1e-5, qkNorm: true };
  const config = neighbour.parse({ model, rope: false, stage: {}, where: 'config.stages[0]' });
  const graph = createGraph();
  const declared = new Map<string, Tensor>(
    neighbour
      .parameters(config)
      .map(({ name, shape }) => [name, graph.declare('parameter', name, tensorType(f32, ...shape))]),
  );
  const x = graph.declare('input', 'x', tensorType(f32, 5, 3));
  const segments = graph.declare('input', 'segments', tensorType(i32, 2, 4));
  const y = neighbour.apply(
    graph,
    config,
    x,
    {
      batch: {
        maxRows: 5,
        rows: graph.scalar('rows', 'i32'),
        maxSegments: 2,
        segmentCount: graph.scalar('segment_count', 'i32'),
        longest: graph.scalar('longest', 'i32'),
        segments,
        rotation: undefined,
      },
      parameter: (name) => declared.get(name)!,
      state: () => undefined,
      pageTable: undefined,
      label: () => {},
    },
    undefined,
  );
  const program = graph.build({ y });

  await using backend = createReferenceBackend({ kernels: neighbour.kernels });
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
  const identity = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  for (const name of ['v_proj', 'o_proj']) backend.write(buffers[name]!, identity);
  backend.write(buffers.x!, Float32Array.of(1, 2, 3, 3, 4, 5, 5, 9, 4, 7, 7, 7, 1, 3, 5));
  backend.write(buffers.segments!, Int32Array.of(0, 3, 0, 0, 3, 2, 1, 4));
  using executable = await backend.compile(program);
  executable.bind(buffers).run({ rows: 5, segment_count: 2, longest: 6 });
  const result = new Float32Array(15);
  await backend.download(buffers.y!, result);
  expect([...result]).toEqual([1, 2, 3, 2, 3, 4, 3, 5, 4, 7, 7, 7, 4, 5, 6]);
});
