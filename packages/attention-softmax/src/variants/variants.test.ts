import type { AnyAttentionVariant, AttentionContext, AttentionScope, Graph, Tensor } from '@yoco-u/spec';
import { createGraph, elementCount, f32, i32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { softmaxAttentionKernels } from '../kernels/index.ts';
import { naiveAttention, seededArray, seededNumbers } from '../testing/naive-attention.ts';
import { crossAttention, fullAttention, slidingWindowAttention } from './index.ts';

const model = { hiddenSize: 10, heads: 4, keyValueHeads: 2, headDim: 6, normEps: 1e-5, qkNorm: true };
const capacity = { contextLength: 64, pageLength: 16 };
const slots = 3;
const context = (over: Partial<AttentionContext> = {}): AttentionContext => ({
  model,
  rope: true,
  stage: { window: 9 },
  where: 'config.stages[0]',
  ...over,
});

interface RunOptions {
  readonly variant: AnyAttentionVariant;
  readonly context: AttentionContext;
  readonly state: boolean;
  readonly input: Float32Array;
  readonly chunk: number;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

function specsOf(variant: AnyAttentionVariant, config: unknown) {
  return [...variant.parameters(config), ...(variant.stageParameters?.(config) ?? [])];
}

function weightsOf(variant: AnyAttentionVariant, over: AttentionContext, seed: number): Map<string, Float32Array> {
  const next = seededNumbers(seed);
  const specs = specsOf(variant, variant.parse(over));
  return new Map(
    specs.map(({ name, shape }) => [
      name,
      seededArray(
        shape.reduce((a, b) => a * b),
        next,
      ),
    ]),
  );
}

/** Records the variant for `chunk` rows and feeds the input [n, C] of one sequence through it. */
async function run({ variant, context, state, input, chunk, weights }: RunOptions): Promise<Float32Array> {
  const C = model.hiddenSize;
  const config = variant.parse(context);
  const graph = createGraph();
  const x = graph.declare('input', 'x', tensorType(f32, chunk, C));
  const segments = graph.declare('input', 'segments', tensorType(i32, 2, 4));
  const parameters = new Map(
    specsOf(variant, config).map(({ name, shape }) => [
      name,
      graph.declare('parameter', name, tensorType(f32, ...shape)),
    ]),
  );
  const states = new Map<string, Tensor>();
  const perSlot = Math.ceil(capacity.contextLength / capacity.pageLength);
  if (state) {
    for (const spec of [...variant.state(config, capacity), ...(variant.stageState?.(config, capacity) ?? [])]) {
      const entries = spec.kind === 'append' ? slots * perSlot : slots;
      const type = tensorType(spec.entry.format, entries, ...spec.entry.shape);
      states.set(spec.name, graph.declare('state', spec.name, type));
    }
  }
  const paged = states.has('pages');
  const scope: AttentionScope = {
    batch: {
      maxRows: chunk,
      rows: graph.scalar('rows', 'i32'),
      maxSegments: 2,
      segmentCount: graph.scalar('segment_count', 'i32'),
      longest: graph.scalar('longest', 'i32'),
      segments,
      rotation: context.rope ? graph.declare('input', 'rotation', tensorType(f32, chunk, model.headDim)) : undefined,
    },
    parameter: (name) => parameters.get(name)!,
    state: (name) => states.get(name),
    pageTable: paged ? graph.declare('input', 'table', tensorType(i32, slots, perSlot)) : undefined,
    label: () => {},
  };
  const out = record(graph, variant, config, x, scope);
  const program = graph.build({ out });
  await using backend = createReferenceBackend({ kernels: variant.kernels });
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
  for (const [name, data] of weights) backend.write(buffers[name]!, data);
  if (paged)
    backend.write(
      buffers.table!,
      Int32Array.from({ length: slots * perSlot }, (_, index) => index),
    );
  const binding = (await backend.compile(program)).bind(buffers);
  const result = new Float32Array(input.length);
  const total = input.length / C;
  for (let at = 0; at < total; at += chunk) {
    const rows = Math.min(chunk, total - at);
    backend.write(buffers.x!, input.subarray(at * C, (at + rows) * C));
    backend.write(buffers.segments!, Int32Array.of(0, rows, 1, at));
    if (context.rope) {
      const table = Array.from({ length: rows }, (_, row) => rotationRow(at + row, model.headDim)).flat();
      backend.write(buffers.rotation!, Float32Array.from(table));
    }
    binding.run({ rows, segment_count: 1, longest: at + rows });
    await backend.download(buffers.out!, result.subarray(at * C, (at + rows) * C));
  }
  return result;
}

function record(graph: Graph, variant: AnyAttentionVariant, config: unknown, x: Tensor, scope: AttentionScope): Tensor {
  const shared = variant.prepare?.(graph, config, x, scope);
  return variant.apply(graph, config, x, scope, shared);
}

function rotationRow(position: number, headDim: number): number[] {
  const angles = Array.from({ length: headDim / 2 }, (_, i) => position * 10000 ** ((-2 * i) / headDim));
  return [...angles.map(Math.cos), ...angles.map(Math.sin)];
}

/** The layer written the plain way. */
function expectedLayer(
  weights: ReadonlyMap<string, Float32Array>,
  input: Float32Array,
  over: AttentionContext,
  window?: number,
) {
  const { hiddenSize: C, headDim: D, heads, keyValueHeads, normEps } = model;
  const rows = input.length / C;
  const matrix = (name: string, x: ArrayLike<number>, inner: number): Float64Array => {
    const weight = weights.get(name)!;
    const outer = weight.length / inner;
    return Float64Array.from({ length: rows * outer }, (_, at) => {
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += x[Math.floor(at / outer) * inner + i]! * weight[(at % outer) * inner + i]!;
      return sum;
    });
  };
  const norm = (x: Float64Array, group: number, weight: Float32Array): Float64Array => {
    const result = new Float64Array(x.length);
    for (let at = 0; at < x.length; at += group) {
      const part = x.subarray(at, at + group);
      const factor = 1 / Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / group + normEps);
      part.forEach((value, i) => {
        result[at + i] = value * factor * weight[i]!;
      });
    }
    return result;
  };
  const rotate = (x: Float64Array): Float64Array => {
    if (!over.rope) return x;
    const width = x.length / rows;
    return x.map((value, at) => {
      const i = at % D;
      const half = D / 2;
      const table = rotationRow(Math.floor(at / width), D);
      const [cos, sin] = [table[i % half]!, table[half + (i % half)]!];
      return i < half ? value * cos - x[at + half]! * sin : value * cos + x[at - half]! * sin;
    });
  };
  const shared = weights.get('kv_norm');
  const source = shared === undefined ? input : norm(Float64Array.from(input), C, shared);
  const keyNorm = weights.get('k_norm');
  const rawKeys = matrix('k_proj', source, C);
  const q = rotate(norm(matrix('q_proj', input, C), D, weights.get('q_norm')!));
  const k = rotate(keyNorm === undefined ? rawKeys : norm(rawKeys, D, keyNorm));
  const v = matrix('v_proj', source, C);
  const attended = naiveAttention({ heads, keyValueHeads, headDim: D }, window, q, k, v);
  return matrix('o_proj', attended, heads * D);
}

const variants = [
  ['sliding_window', slidingWindowAttention, context(), 9],
  ['full', fullAttention, context({ stage: {} }), undefined],
  ['full of a cross stage', crossAttention, context({ stage: {}, rope: false }), undefined],
  ['full of a cross stage with rope', crossAttention, context({ stage: {} }), undefined],
] as const;

describe.each(variants)('%s', (_, variant, over, window) => {
  const input = seededArray(37 * model.hiddenSize, seededNumbers(5));
  const weights = weightsOf(variant, over, 11);

  test('is the plain layer, with and without memory, in any chunks', async () => {
    const expected = expectedLayer(weights, input, over, window);
    const whole = await run({ variant, context: over, state: false, input, chunk: 37, weights });
    for (let i = 0; i < expected.length; i++) expect(whole[i]).toBeCloseTo(expected[i]!, 4);
    for (const chunk of [1, 5, 16, 40]) {
      expect(await run({ variant, context: over, state: true, input, chunk, weights })).toEqual(whole);
    }
  });

  test('its state takes the bytes of the formula', () => {
    const config = variant.parse(over) as never;
    const states = [...variant.state(config, capacity), ...(variant.stageState?.(config, capacity) ?? [])];
    expect(states).toHaveLength(1);
    const [state] = states;
    const perToken = 2 * 4 * model.keyValueHeads * model.headDim;
    expect(state!.bytesInUse(40)).toBe(perToken * Math.min(40, window ?? 40));
    const tokens = state!.kind === 'ring' ? 16 : capacity.pageLength;
    expect(elementCount(state!.entry) * 4).toBe(perToken * tokens);
  });

  test('its kernels are the ones a backend needs', () => {
    expect(variant.kernels).toBe(softmaxAttentionKernels);
  });
});

describe('cost', () => {
  const { hiddenSize: C, heads, keyValueHeads, headDim } = model;
  const maps = 4 * C * heads * headDim;
  const keyMaps = 4 * C * keyValueHeads * headDim;

  test('counts the mean visible keys', () => {
    const visible = Array.from({ length: 20 }, (_, i) => Math.min(i + 1, 9)).reduce((sum, keys) => sum + keys) / 20;
    const sliding = slidingWindowAttention.cost(slidingWindowAttention.parse(context()), 20);
    expect(sliding.layer).toBeCloseTo(maps + keyMaps + 4 * heads * headDim * visible, 9);
    const full = fullAttention.cost(fullAttention.parse(context()), 20);
    expect(full).toEqual({ layer: maps + keyMaps + 4 * heads * headDim * 10.5, stage: 0 });
  });

  test('counts shared keys and values once a stage', () => {
    const cross = crossAttention.cost(crossAttention.parse(context()), 20);
    expect(cross).toEqual({ layer: maps + 4 * heads * headDim * 10.5, stage: keyMaps });
  });
});

describe('configs', () => {
  test.each([undefined, 0, 1.5, 2 ** 31, '9', null])('a window of %j is refused, named', (window) => {
    expect(() => slidingWindowAttention.parse(context({ stage: { window } }))).toThrow('config.stages[0].window');
  });

  test('heads that do not divide and odd widths under rope are refused', () => {
    expect(() => fullAttention.parse(context({ model: { ...model, keyValueHeads: 3 } }))).toThrow(
      'num_key_value_heads',
    );
    expect(() => fullAttention.parse(context({ model: { ...model, headDim: 7 } }))).toThrow('even head_dim');
    expect(fullAttention.parse(context({ model: { ...model, headDim: 7 }, rope: false })).model.headDim).toBe(7);
  });

  test('a program without rotation rows cannot rotate', () => {
    const scope = { batch: { rows: 1, rotation: undefined }, parameter: (name: string) => named.get(name)! };
    const graph = createGraph();
    const named = new Map(
      specsOf(fullAttention, fullAttention.parse(context())).map(({ name, shape }) => [
        name,
        graph.declare('parameter', name, tensorType(f32, ...shape)),
      ]),
    );
    const x = graph.declare('input', 'x', tensorType(f32, 1, model.hiddenSize));
    const apply = () =>
      fullAttention.apply(graph, fullAttention.parse(context()), x, scope as never as AttentionScope, undefined);
    expect(apply).toThrow('rotation rows');
  });
});
