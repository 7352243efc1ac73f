import type { KernelSpec, Tensor, Value } from '@yoco-u/spec';
import { createGraph, f32, i32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { seededArray, seededNumbers } from '../testing/naive-attention.ts';
import { packBlocks, softmax, softmaxAttentionKernels } from './index.ts';

interface Counted {
  readonly rows: Value;
}

/** Half the sum of squares of the first rows: a loss whose gradient is its input. */
const halfSquares: KernelSpec<Counted> = {
  name: 'test.half_squares',
  infer: () => [tensorType(f32, 1)],
  cost: () => ({ flops: 0, bytes: 0 }),
  reference({ inputs: [x], outputs: [loss], inputTypes: [type], params, value }) {
    const count = value(params.rows) * type!.shape[1]!;
    let squares = 0;
    for (let i = 0; i < count; i++) squares += x![i]! ** 2;
    loss![0] = squares / 2;
  },
  backward: (_graph, { inputs: [x] }) => [x],
};

const heads = 4;
const keyValueHeads = 2;
const headDim = 5;
const maxRows = 30;
const widths = { q: heads * headDim, k: keyValueHeads * headDim, v: keyValueHeads * headDim };
const names = ['q', 'k', 'v'] as const;
/** Three sequences of 11, 0 and 14 rows; the last five rows belong to none. */
const segments = Int32Array.of(0, 11, 0, 0, 11, 0, 1, 0, 11, 14, 2, 3);
const rows = 25;
const run = { segmentCount: 3, rows };

/** Loss and gradients of two attentions, wide and narrow, over one set of blocks: both add to the same keys and values. */
async function lossAndGradients(values: Record<string, Float64Array>) {
  const graph = createGraph();
  const declare = (name: 'q' | 'k' | 'v'): Tensor =>
    graph.declare('parameter', name, tensorType(f32, maxRows, widths[name]));
  const [q, k, v] = [declare('q'), declare('k'), declare('v')];
  const table = graph.declare('input', 'segments', tensorType(i32, 3, 4));
  const fresh = graph.call(packBlocks, [k, v, table], { ...run, keyValueHeads })[0]!;
  const narrow = graph.call(softmax, [q, table, fresh], { ...run, window: 4 })[0]!;
  const wide = graph.call(softmax, [narrow, table, fresh], run)[0]!;
  const loss = graph.call(halfSquares, [wide], { rows })[0]!;
  const gradients = graph.backward(loss);
  const program = graph.build({
    loss,
    q_gradient: gradients.get(q)!,
    k_gradient: gradients.get(k)!,
    v_gradient: gradients.get(v)!,
  });
  await using backend = createReferenceBackend({ kernels: [...softmaxAttentionKernels, halfSquares] });
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
  for (const name of names) backend.write(buffers[name]!, values[name]!);
  backend.write(buffers.segments!, segments);
  (await backend.compile(program)).bind(buffers).run();
  const download = async (name: string, length: number): Promise<Float64Array> => {
    const into = new Float64Array(length);
    await backend.download(buffers[name]!, into);
    return into;
  };
  return {
    loss: (await download('loss', 1))[0]!,
    gradients: {
      q: await download('q_gradient', maxRows * widths.q),
      k: await download('k_gradient', maxRows * widths.k),
      v: await download('v_gradient', maxRows * widths.v),
    },
  };
}

function seededValues(): Record<'q' | 'k' | 'v', Float64Array> {
  const next = seededNumbers(3);
  const make = (width: number, factor: number) =>
    Float64Array.from(seededArray(maxRows * width, () => factor * next()));
  return { q: make(widths.q, 3), k: make(widths.k, 1), v: make(widths.v, 2) };
}

describe('gradients of softmax attention', () => {
  test.each(names)('of %s equal finite differences', async (name) => {
    const values = seededValues();
    const { gradients } = await lossAndGradients(values);
    const step = 1e-5;
    for (let at = 0; at < rows * widths[name]; at += 7) {
      const moved = async (by: number): Promise<number> => {
        const copy = values[name].slice();
        copy[at] = copy[at]! + by;
        return (await lossAndGradients({ ...values, [name]: copy })).loss;
      };
      const expected = ((await moved(step)) - (await moved(-step))) / (2 * step);
      expect(Math.abs(gradients[name][at]! - expected)).toBeLessThan(1e-7 * (1 + Math.abs(expected)));
    }
  });

  test('rows of no segment are neither read nor written', async () => {
    const values = seededValues();
    const before = await lossAndGradients(values);
    for (const name of names) values[name].fill(Number.NaN, rows * widths[name]);
    const after = await lossAndGradients(values);
    expect(after).toEqual(before);
    for (const name of names) {
      expect(after.gradients[name].subarray(rows * widths[name]).every(Number.isNaN)).toBe(true);
    }
  });

  test('a ring under a gradient is refused', () => {
    const graph = createGraph();
    const k = graph.declare('parameter', 'k', tensorType(f32, maxRows, widths.k));
    const table = graph.declare('input', 'segments', tensorType(i32, 3, 4));
    const ring = graph.declare('state', 'ring', tensorType(f32, 1, 2, keyValueHeads, 1, 8 * headDim));
    const fresh = graph.call(packBlocks, [k, k, table, ring], { ...run, keyValueHeads })[0]!;
    const out = graph.call(softmax, [k, table, fresh], run)[0]!;
    const loss = graph.call(halfSquares, [out], { rows })[0]!;
    expect(() => graph.backward(loss)).toThrow('no ring under a gradient');
  });
});
