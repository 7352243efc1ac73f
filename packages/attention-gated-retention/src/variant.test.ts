import { type AttentionScope, ConfigError, type Tensor } from '@yoco-u/spec';
import { createGraph, elementCount, f32, i32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { logDecay } from './decay.ts';
import { randomNumbers, relativeError } from './testing/cases.ts';
import { type GatedRetentionConfig, gatedRetention } from './variant.ts';

const T = 9;
const C = 10;
const H = 3;
const D = 4;
const context = {
  model: { hiddenSize: C, heads: H, keyValueHeads: 1, headDim: D, normEps: 1e-5, qkNorm: true },
  rope: true,
  stage: {},
  where: 'config.stages[0]',
};
const backend = createReferenceBackend({ kernels: gatedRetention.kernels });

/** Runs a layer on rows of `x`, in runs of `length` rows, with the values of `weights`. */
async function runLayer(
  config: GatedRetentionConfig,
  weights: Readonly<Record<string, Float64Array>>,
  x: Float64Array,
  length: number,
  withState: boolean,
): Promise<Float64Array> {
  const graph = createGraph();
  const types: Record<string, ReturnType<typeof tensorType>> = {
    x: tensorType(f32, T, C),
    segments: tensorType(i32, 2, 4),
    rotation: tensorType(f32, T, D),
  };
  const declare = (role: 'input' | 'parameter' | 'state', name: string): Tensor =>
    graph.declare(role, name, types[name]!);
  for (const { name, shape } of gatedRetention.parameters(config)) types[name] = tensorType(f32, ...shape);
  const [stateSpec] = gatedRetention.state(config, { contextLength: 64, pageLength: 8 });
  types.state = tensorType(f32, 2, ...stateSpec!.entry.shape);
  const state = withState ? declare('state', 'state') : undefined;
  const scope: AttentionScope = {
    batch: {
      maxRows: T,
      rows: graph.scalar('rows', 'i32'),
      maxSegments: 2,
      segmentCount: graph.scalar('segmentCount', 'i32'),
      longest: graph.scalar('longest', 'i32'),
      segments: declare('input', 'segments'),
      rotation: config.rope ? declare('input', 'rotation') : undefined,
    },
    parameter: (name) => declare('parameter', name),
    state: (name) => (name === 'state' ? state : undefined),
    pageTable: undefined,
    label: () => {},
  };
  const output = gatedRetention.apply(graph, config, declare('input', 'x'), scope, undefined);
  const program = graph.build({ output });
  using executable = await backend.compile(program);
  const buffers: Record<string, ReturnType<typeof backend.allocate>> = {};
  for (const { role, name, type } of program.tensors) if (role !== 'temporary') buffers[name] = backend.allocate(type);
  for (const [name, data] of Object.entries(weights)) backend.write(buffers[name]!, data);
  using binding = executable.bind(buffers);
  const result = new Float64Array(T * C);
  for (let start = 0; start < T; start += length) {
    const count = Math.min(length, T - start);
    backend.write(buffers.x!, x.subarray(start * C, (start + count) * C));
    backend.write(buffers.segments!, Int32Array.of(0, count, 1, start));
    if (config.rope) backend.write(buffers.rotation!, rotationRows(start, count));
    binding.run({ rows: count, segmentCount: 1, longest: start + count });
    await backend.download(buffers.output!, result.subarray(start * C, (start + count) * C));
  }
  return result;
}

function rotationRows(start: number, count: number): Float64Array {
  const angle = (row: number, i: number): number => (start + row) * 100 ** ((-2 * i) / D);
  return Float64Array.from({ length: count * D }, (_, at) => {
    const i = at % D;
    const row = Math.floor(at / D);
    return i < D / 2 ? Math.cos(angle(row, i)) : Math.sin(angle(row, i - D / 2));
  });
}

/** The layer written out after the specification, one token at a time. */
function evaluateLayer(
  { rope, normEps }: GatedRetentionConfig,
  weights: Readonly<Record<string, Float64Array>>,
  x: Float64Array,
): Float64Array {
  const product = (name: string, row: ArrayLike<number>): Float64Array => {
    const weight = weights[name]!;
    return Float64Array.from({ length: weight.length / row.length }, (_, out) => {
      let sum = 0;
      for (let i = 0; i < row.length; i++) sum += weight[out * row.length + i]! * row[i]!;
      return sum;
    });
  };
  const result = new Float64Array(T * C);
  const S = new Float64Array(H * D * D);
  for (let t = 0; t < T; t++) {
    const row = x.subarray(t * C, (t + 1) * C);
    const [q, k] = ['q_proj', 'k_proj'].map((name) => {
      const y = product(name, row);
      if (!rope) return y;
      const angles = rotationRows(t, 1);
      return y.map((value, at) => {
        const i = at % D;
        const [cos, sin] = [angles[i % (D / 2)]!, angles[(i % (D / 2)) + D / 2]!];
        return i < D / 2 ? value * cos - y[at + D / 2]! * sin : value * cos + y[at - D / 2]! * sin;
      });
    });
    const v = product('v_proj', row);
    const gate = product('g_proj', row);
    const decay = product('decay_proj', row);
    const mixed = new Float64Array(H * D);
    for (let h = 0; h < H; h++) {
      const o = new Float64Array(D);
      for (let i = 0; i < D; i++) {
        for (let j = 0; j < D; j++) {
          const at = (h * D + i) * D + j;
          S[at] = Math.exp(logDecay(decay[h]!)) * S[at]! + k![h * D + i]! * v[h * D + j]!;
          o[j]! += (q![h * D + i]! / Math.sqrt(D)) * S[at]!;
        }
      }
      const rms = Math.sqrt(o.reduce((sum, value) => sum + value ** 2, 0) / D + normEps);
      for (let j = 0; j < D; j++) {
        const g = gate[h * D + j]!;
        mixed[h * D + j] = ((g / (1 + Math.exp(-g))) * o[j]!) / rms;
      }
    }
    result.set(product('o_proj', mixed), t * C);
  }
  return result;
}

describe('the gated retention variant', () => {
  const random = randomNumbers(17);
  const fill = (length: number): Float64Array => Float64Array.from({ length }, random);

  test.each([true, false])(
    'computes the specified layer in one piece, in chunks and by token (rope %s)',
    async (rope) => {
      const config = gatedRetention.parse({ ...context, rope });
      const parameters = gatedRetention.parameters(config);
      const weights = Object.fromEntries(
        parameters.map(({ name, shape }) => [name, fill(elementCount(tensorType(f32, ...shape)))]),
      );
      const x = fill(T * C);
      const expected = evaluateLayer(config, weights, x);
      expect(relativeError(await runLayer(config, weights, x, T, false), expected)).toBeLessThan(1e-12);
      for (const length of [T, 4, 1]) {
        expect(relativeError(await runLayer(config, weights, x, length, true), expected)).toBeLessThan(1e-12);
      }
    },
  );

  test('names the parameters of the format, with full heads of keys and values and no norms', () => {
    expect(gatedRetention.parameters(gatedRetention.parse(context))).toEqual([
      ...['q_proj', 'k_proj', 'v_proj', 'g_proj'].map((name) => ({ name, shape: [H * D, C], use: 'matrix' })),
      { name: 'decay_proj', shape: [H, C], use: 'matrix' },
      { name: 'o_proj', shape: [C, H * D], use: 'matrix' },
    ]);
  });

  test('keeps a state whose size does not depend on the tokens', () => {
    const config = gatedRetention.parse(context);
    const [state] = gatedRetention.state(config, { contextLength: 1000, pageLength: 64 });
    expect(state).toMatchObject({ name: 'state', kind: 'fixed', entry: { shape: [H, D, D] } });
    expect(state!.bytesInUse(1)).toBe(4 * H * D * D);
    expect(state!.bytesInUse(100_000)).toBe(4 * H * D * D);
  });

  test('costs by the formula', () => {
    const cost = gatedRetention.cost(gatedRetention.parse(context), 512);
    expect(cost).toEqual({ layer: 2 * (5 * C * H * D + C * H) + 4 * H * D * D, stage: 0 });
  });

  test('refuses to rotate heads of odd width', () => {
    const odd = { ...context, model: { ...context.model, headDim: 5 } };
    expect(() => gatedRetention.parse(odd)).toThrow(ConfigError);
    expect(() => gatedRetention.parse(odd)).toThrow('config.stages[0].rope');
    expect(gatedRetention.parse({ ...odd, rope: false }).headDim).toBe(5);
  });
});
