/** Runs attention of fresh rows and its gradients on any backend, with memory filled with NaN beforehand. */
import type { Backend } from '@yoco-u/spec';
import { createGraph, elementCount, f32, i32, tensorType } from '@yoco-u/tensor';
import { packBlocks, packBlocksBackward, softmax, softmaxBackward } from '../kernels/index.ts';
import { type HeadShape, seededArray, seededNumbers } from './naive-attention.ts';

export interface GradientCase {
  readonly shape: HeadShape;
  readonly window?: number;
  /** Rows and start of each segment. */
  readonly segments: readonly (readonly [rows: number, start: number])[];
  /** Rows by which the last segment of the table reaches beyond the run's. */
  readonly overhang?: number;
}

/** Gradients of keys, queries and values. Rows beyond the run's are NaN. */
export interface Gradients {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

const spareRows = 5;

export function titleOf({ shape, window, segments, overhang }: GradientCase): string {
  const lengths = segments.map(([rows, start]) => (start === 0 ? `${rows}` : `${rows} from ${start}`));
  const heads = `${shape.heads}/${shape.keyValueHeads} heads of ${shape.headDim}`;
  return `${heads}, window ${window ?? 'none'}, rows ${lengths.join(', ')}${overhang === undefined ? '' : ', cut'}`;
}

export async function runGradients(backend: Backend, options: GradientCase): Promise<Gradients> {
  const { shape, window, segments, overhang = 0 } = options;
  const { heads, keyValueHeads, headDim } = shape;
  const total = segments.reduce((sum, [rows]) => sum + rows, 0);
  const maxRows = total + spareRows;
  const wide = tensorType(f32, maxRows, heads * headDim);
  const narrow = tensorType(f32, maxRows, keyValueHeads * headDim);
  const graph = createGraph();
  const inputs = {
    q: graph.declare('input', 'q', wide),
    k: graph.declare('input', 'k', narrow),
    v: graph.declare('input', 'v', narrow),
    gradient: graph.declare('input', 'gradient', wide),
  };
  const table = graph.declare('input', 'segments', tensorType(i32, segments.length + 1, 4));
  const params = { segmentCount: graph.scalar('segment_count', 'i32'), rows: graph.scalar('rows', 'i32') };
  const under = window === undefined ? params : { ...params, window };
  const fresh = graph.call(packBlocks, [inputs.k, inputs.v, table], { ...params, keyValueHeads })[0]!;
  const [out, statistics] = graph.call(softmax, [inputs.q, table, fresh], under);
  const operands = [inputs.q, table, fresh, out!, statistics!, inputs.gradient];
  const [q, ofFresh] = graph.call(softmaxBackward, operands, under);
  const [k, v] = graph.call(packBlocksBackward, [ofFresh!, table], { ...params, maxRows });
  const program = graph.build({ q_gradient: q!, k_gradient: k!, v_gradient: v! });
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
  for (const [index, [name, { type }]] of Object.entries(inputs).entries()) {
    const next = seededNumbers(headDim * 31 + index);
    const factor = name === 'q' ? 4 : 1;
    const width = type.shape[1]!;
    const numbers = new Float32Array(elementCount(type)).fill(Number.NaN);
    numbers.set(seededArray(total * width, () => factor * next()));
    backend.write(buffers[name]!, numbers);
  }
  for (const name of ['q_gradient', 'k_gradient', 'v_gradient']) {
    backend.write(buffers[name]!, new Float32Array(elementCount(buffers[name]!.type)).fill(Number.NaN));
  }
  const entries = new Int32Array((segments.length + 1) * 4).fill(-1);
  let row = 0;
  segments.forEach(([rows, start], index) => {
    const length = index === segments.length - 1 ? rows + overhang : rows;
    entries.set([row, length, index, start], index * 4);
    row += rows;
  });
  backend.write(buffers.segments!, entries);
  using executable = await backend.compile(program);
  using binding = executable.bind(buffers);
  binding.run({ segment_count: segments.length, rows: total });
  const download = async (name: string): Promise<Float32Array> => {
    const into = new Float32Array(elementCount(buffers[name]!.type));
    await backend.download(buffers[name]!, into);
    return into;
  };
  const result = { q: await download('q_gradient'), k: await download('k_gradient'), v: await download('v_gradient') };
  for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
  return result;
}

const grouped: HeadShape = { heads: 6, keyValueHeads: 2, headDim: 8 };

function allCases(): GradientCase[] {
  const cases: GradientCase[] = [];
  for (let headDim = 1; headDim <= 24; headDim++) {
    const shape = { heads: 1 + (headDim % 5), keyValueHeads: 1, headDim };
    cases.push({ shape, segments: [[13 + headDim, headDim % 9]] });
  }
  for (const headDim of [32, 64, 100]) {
    const shape = { heads: 4, keyValueHeads: 2, headDim };
    for (const window of [undefined, 37]) {
      const segments = [
        [150, 0],
        [70, 5],
        [0, 3],
        [9, 31],
      ] as const;
      cases.push({ shape, segments, ...(window === undefined ? {} : { window }) });
    }
  }
  for (let window = 1; window <= 40; window++) {
    cases.push({ shape: grouped, window, segments: [[11 + 2 * window, window % 11]] });
  }
  for (const [heads, keyValueHeads] of [
    [4, 4],
    [7, 1],
    [12, 4],
  ] as const) {
    cases.push({ shape: { heads, keyValueHeads, headDim: 12 }, window: 70, segments: [[130, 0]] });
  }
  for (const start of [1, 7, 8, 29, 1000]) {
    const segments = [
      [1, start],
      [10, start + 1],
      [140, start + 2],
    ] as const;
    cases.push({ shape: grouped, segments });
    cases.push({ shape: grouped, window: 11, segments, overhang: 3 });
  }
  return cases;
}

/** Odd widths, windows, grouped heads, several segments at odd starts. */
export const gradientCases: readonly GradientCase[] = allCases();
