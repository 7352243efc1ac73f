/** Runs the attention kernels over sequences in any chunks, on any backend, with memory filled with NaN beforehand. */
import type { Backend, DeviceBuffer, Program, TensorType } from '@yoco-u/spec';
import { createGraph, elementCount, f32, i32, tensorType } from '@yoco-u/tensor';
import { commitPages, commitRing, packBlocks, softmax, softmaxPaged, softmaxRing } from '../kernels/index.ts';
import { blockLength, ringBlockCount } from '../layout.ts';
import { type HeadShape, seededArray, seededNumbers } from './naive-attention.ts';

/** Where earlier rows of a sequence are kept between runs. */
export type MemoryKind = 'none' | 'ring' | 'pages';

export interface Sequence {
  readonly slot: number;
  /** Position of its first row; above 0 only without memory. */
  readonly start: number;
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

/** The rows that each sequence (by index) has in one run, in segment order. */
export type Step = readonly { readonly sequence: number; readonly rows: number }[];

export interface Scenario {
  readonly shape: HeadShape;
  readonly window?: number;
  readonly memory: MemoryKind;
  readonly sequences: readonly Sequence[];
  readonly steps: readonly Step[];
  readonly contextLength: number;
  readonly pageLength: number;
  readonly maxRows: number;
  readonly maxSegments: number;
}

/** Sequences of seeded numbers, one a length, in slots taken from the last to the first. */
export function seededSequences(shape: HeadShape, lengths: readonly number[], seed: number, start = 0): Sequence[] {
  const { heads, keyValueHeads, headDim } = shape;
  const next = seededNumbers(seed);
  return lengths.map((length, index) => ({
    slot: lengths.length - 1 - index,
    start,
    // scores of some spread, so that a wrong maximum shows
    q: seededArray(length * heads * headDim, () => 6 * next()),
    k: seededArray(length * keyValueHeads * headDim, next),
    v: seededArray(length * keyValueHeads * headDim, next),
  }));
}

/** Steps that feed all sequences in chunks of at most `chunk` rows, side by side. */
export function chunkedSteps(lengths: readonly number[], chunk: number): Step[] {
  const steps: Step[] = [];
  const longest = Math.max(...lengths);
  for (let at = 0; at < longest; at += chunk) {
    steps.push(lengths.map((length, sequence) => ({ sequence, rows: Math.max(0, Math.min(chunk, length - at)) })));
  }
  return steps;
}

function record(scenario: Scenario): { program: Program; types: Record<string, TensorType> } {
  const { shape, memory, maxRows, maxSegments, contextLength, pageLength, window } = scenario;
  const { heads, keyValueHeads, headDim } = shape;
  const slots = scenario.sequences.length;
  const pages = Math.ceil(contextLength / pageLength);
  const graph = createGraph();
  const q = graph.declare('input', 'q', tensorType(f32, maxRows, heads * headDim));
  const k = graph.declare('input', 'k', tensorType(f32, maxRows, keyValueHeads * headDim));
  const v = graph.declare('input', 'v', tensorType(f32, maxRows, keyValueHeads * headDim));
  const segments = graph.declare('input', 'segments', tensorType(i32, maxSegments, 4));
  const segmentCount = graph.scalar('segment_count', 'i32');
  const params = { segmentCount, rows: graph.scalar('rows', 'i32') };
  const under = window === undefined ? params : { ...params, window };
  const packing = { ...params, keyValueHeads };
  let out = q;
  if (memory === 'none') {
    const fresh = graph.call(packBlocks, [k, v, segments], packing)[0]!;
    out = graph.call(softmax, [q, segments, fresh], under)[0]!;
  } else if (memory === 'ring') {
    const blocks = ringBlockCount(window!, contextLength);
    const ring = graph.declare(
      'state',
      'ring',
      tensorType(f32, slots, 2, keyValueHeads, blocks, blockLength * headDim),
    );
    const fresh = graph.call(packBlocks, [k, v, segments, ring], packing)[0]!;
    out = graph.call(softmaxRing, [q, segments, fresh, ring], { ...params, window: window! })[0]!;
    graph.call(commitRing, [fresh, segments, ring], params);
  } else {
    const entry = [2, keyValueHeads, pageLength / blockLength, blockLength * headDim];
    const pool = graph.declare('state', 'pool', tensorType(f32, slots * pages, ...entry));
    const table = graph.declare('input', 'table', tensorType(i32, slots, pages));
    graph.call(commitPages, [k, v, segments, table, pool], params);
    out = graph.call(softmaxPaged, [q, segments, pool, table], under)[0]!;
  }
  const program = graph.build({ out });
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  return { program, types: Object.fromEntries(bound.map(({ name, type }) => [name, type])) };
}

/** The attention of every sequence's rows, [rows, H·D] each. Rows of a run that no segment names stay unread: they are NaN. */
export async function runAttention(backend: Backend, scenario: Scenario): Promise<Float32Array[]> {
  const { shape, sequences, maxSegments } = scenario;
  const queryWidth = shape.heads * shape.headDim;
  const keyWidth = shape.keyValueHeads * shape.headDim;
  const { program, types } = record(scenario);
  const buffers: Record<string, DeviceBuffer> = {};
  for (const [name, type] of Object.entries(types)) {
    buffers[name] = backend.allocate(type);
    if (type.format.element === 'f32')
      backend.write(buffers[name], new Float32Array(elementCount(type)).fill(Number.NaN));
  }
  if (types.table !== undefined)
    backend.write(buffers.table!, shuffledPages(types.table.shape[0]!, types.table.shape[1]!));
  const executable = await backend.compile(program);
  const binding = executable.bind(buffers);
  const fed = sequences.map(() => 0);
  const results = sequences.map(({ q }) => new Float32Array(q.length).fill(Number.NaN));
  for (const step of scenario.steps) {
    const table = new Int32Array(maxSegments * 4).fill(-1);
    let row = 0;
    step.forEach(({ sequence, rows }, index) => {
      const { q, k, v, slot, start } = sequences[sequence]!;
      const from = fed[sequence]!;
      table.set([row, rows, slot, start + from], index * 4);
      backend.write(buffers.q!, q.subarray(from * queryWidth, (from + rows) * queryWidth), row * queryWidth);
      backend.write(buffers.k!, k.subarray(from * keyWidth, (from + rows) * keyWidth), row * keyWidth);
      backend.write(buffers.v!, v.subarray(from * keyWidth, (from + rows) * keyWidth), row * keyWidth);
      row += rows;
    });
    backend.write(buffers.segments!, table);
    binding.run({ segment_count: step.length, rows: row });
    row = 0;
    for (const { sequence, rows } of step) {
      const from = fed[sequence]!;
      const into = results[sequence]!.subarray(from * queryWidth, (from + rows) * queryWidth);
      if (rows > 0) await backend.download(buffers.out!, into, row * queryWidth);
      fed[sequence] = from + rows;
      row += rows;
    }
  }
  binding[Symbol.dispose]();
  executable[Symbol.dispose]();
  for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
  return results;
}

/** A page table that names every page once, out of order. */
function shuffledPages(slots: number, pagesPerSequence: number): Int32Array {
  const pages = Int32Array.from({ length: slots * pagesPerSequence }, (_, index) => index);
  const next = seededNumbers(7);
  for (let index = pages.length - 1; index > 0; index--) {
    const other = Math.floor(((next() + 1) / 2) * (index + 1));
    [pages[index], pages[other]] = [pages[other]!, pages[index]!];
  }
  return pages;
}
