import type { AnyAttentionVariant, AttentionContext, AttentionScope, Backend } from '@yoco-u/spec';
import { createGraph, elementCount, f32, i32, linearCrossEntropy, meanLoss, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { softmaxAttentionKernels } from '../kernels/index.ts';
import { seededArray, seededNumbers } from '../testing/naive-attention.ts';
import { createWasmHost } from '../testing/wasm-host.ts';
import { softmaxWasmKernels } from '../wasm/kernels.ts';
import { crossAttention, fullAttention, slidingWindowAttention } from './index.ts';

const model = { hiddenSize: 10, heads: 6, keyValueHeads: 2, headDim: 6, normEps: 1e-5, qkNorm: true };
const maxRows = 90;
const rows = 83;
/** Two sequences, then three places of rows that belong to none. */
const segments = Int32Array.of(0, 50, 0, 0, 50, 33, 1, 5, -1, -1, -1, -1);
const classes = 7;
const context = (window: number | undefined): AttentionContext => ({
  model,
  rope: true,
  stage: window === undefined ? {} : { window },
  where: 'config.stages[0]',
});

/** Gradients of a loss over one layer, by the name of the parameter; `x` is the layer's input. */
async function gradientsOf(
  backend: Backend,
  variant: AnyAttentionVariant,
  window: number | undefined,
): Promise<Map<string, Float32Array>> {
  const config: unknown = variant.parse(context(window));
  const graph = createGraph();
  const specs = [...variant.parameters(config), ...(variant.stageParameters?.(config) ?? [])];
  const parameters = new Map(
    specs.map(({ name, shape }) => [name, graph.declare('parameter', name, tensorType(f32, ...shape))]),
  );
  const x = graph.declare('parameter', 'x', tensorType(f32, maxRows, model.hiddenSize));
  const head = graph.declare('parameter', 'head', tensorType(f32, classes, model.hiddenSize));
  const scope: AttentionScope = {
    batch: {
      maxRows,
      rows: graph.scalar('rows', 'i32'),
      maxSegments: 3,
      segmentCount: graph.scalar('segment_count', 'i32'),
      longest: graph.scalar('longest', 'i32'),
      segments: graph.declare('input', 'segments', tensorType(i32, 3, 4)),
      rotation: graph.declare('input', 'rotation', tensorType(f32, maxRows, model.headDim)),
    },
    parameter: (name) => parameters.get(name)!,
    state: () => undefined,
    pageTable: undefined,
    label: () => {},
  };
  const shared: unknown = variant.prepare?.(graph, config, x, scope);
  const out = variant.apply(graph, config, x, scope, shared);
  const targets = graph.declare('input', 'targets', tensorType(i32, maxRows));
  const counted = { rows: scope.batch.rows };
  const [losses] = graph.call(linearCrossEntropy, [out, head, targets], counted);
  const [loss] = graph.call(meanLoss, [losses!, targets], counted);
  const gradients = graph.backward(loss!);
  const named = [...parameters, ['x', x] as const, ['head', head] as const];
  const program = graph.build(
    Object.fromEntries(named.map(([name, tensor]) => [`gradient of ${name}`, gradients.get(tensor)!])),
  );
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
  const next = seededNumbers(17);
  for (const [name, { type }] of [...named, ['rotation', scope.batch.rotation!] as const]) {
    const numbers = seededArray(elementCount(type), next);
    if (type.shape[0] === maxRows) numbers.fill(Number.NaN, rows * type.shape[1]!);
    backend.write(buffers[name]!, numbers);
  }
  backend.write(buffers.segments!, segments);
  backend.write(
    buffers.targets!,
    Int32Array.from({ length: maxRows }, (_, row) => row % classes),
  );
  using executable = await backend.compile(program);
  using binding = executable.bind(buffers);
  binding.run({ rows, segment_count: 2, longest: 50 });
  const results = new Map<string, Float32Array>();
  for (const [name, tensor] of named) {
    const numbers = new Float32Array(elementCount(tensor.type));
    await backend.download(buffers[`gradient of ${name}`]!, numbers);
    results.set(name, tensor === x ? numbers.subarray(0, rows * model.hiddenSize) : numbers);
  }
  return results;
}

const variants = [
  ['sliding_window', slidingWindowAttention, 21],
  ['full', fullAttention, undefined],
  ['full of a cross stage', crossAttention, undefined],
] as const;

describe.each(variants)('gradients of %s on the WASM kernels', (_, variant, window) => {
  test.each(['relaxed', 'baseline'] as const)('equal those of the reference, %s module', async (simd) => {
    await using reference = createReferenceBackend({ kernels: softmaxAttentionKernels });
    const expected = await gradientsOf(reference, variant, window);
    const kernels = softmaxWasmKernels.map((kernel) => ({ ...kernel, serial: () => false }));
    const [one, two] = await Promise.all(
      [1, 2].map((threads) => gradientsOf(createWasmHost({ kernels, threads, variant: simd }), variant, window)),
    );
    expect(two).toEqual(one);
    for (const [name, numbers] of expected) {
      const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0);
      numbers.forEach((value, at) => {
        expect(Math.abs(one!.get(name)![at]! - value), `${name}[${at}]`).toBeLessThan(2e-5 * largest);
      });
    }
  });
});
