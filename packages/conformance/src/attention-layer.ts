/** One layer of an attention variant as an engine would run it: programs of any size over one memory. */
import {
  type AnyAttentionVariant,
  type AttentionContext,
  type AttentionScope,
  type Backend,
  type DeviceBuffer,
  type Graph,
  type NumberArray,
  type ParameterSpec,
  type RowBatch,
  ShapeError,
  type StateCapacity,
  type StateSpec,
  type Tensor,
  type TensorType,
} from '@yoco-u/spec';
import { createGraph, elementCount, f32, gatherRows, i32, tensorType } from '@yoco-u/tensor';
import { allocateFor, disposeAll } from './device-call.ts';
import { randomArray } from './numbers.ts';

/** A variant with the config of one context. */
export interface AttentionSubject {
  readonly variant: AnyAttentionVariant;
  readonly context: AttentionContext;
  readonly config: unknown;
}

/** Room of the suites' memories: pages of 8, so that sequences span several. */
export const capacity: StateCapacity = { contextLength: 45, pageLength: 8 };
export const slots = 3;
/** More than any run of the suites has. */
const mostSegments = 2 * slots + 2;
const pagesPerSequence = Math.ceil(capacity.contextLength / capacity.pageLength);

export function parseSubject(variant: AnyAttentionVariant, context: AttentionContext): AttentionSubject {
  return { variant, context, config: variant.parse(context) };
}

/** A parameter or state as programs bind it: the stage's and a layer's may share names. */
export type Owned<Spec> = Spec & { readonly owner: 'stage' | 'layer' };

function owned<Spec extends object>(stage: readonly Spec[] | undefined, layer: readonly Spec[]): Owned<Spec>[] {
  return [
    ...(stage ?? []).map((spec) => ({ ...spec, owner: 'stage' as const })),
    ...layer.map((spec) => ({ ...spec, owner: 'layer' as const })),
  ];
}

function parametersOf({ variant, config }: AttentionSubject): readonly Owned<ParameterSpec>[] {
  return owned(variant.stageParameters?.(config), variant.parameters(config));
}

function statesOf({ variant, config }: AttentionSubject): readonly Owned<StateSpec>[] {
  return owned(variant.stageState?.(config, capacity), variant.state(config, capacity));
}

const boundName = (kind: 'parameter' | 'state', { owner, name }: Owned<{ readonly name: string }>): string =>
  `${owner}.${kind}.${name}`;

function stateTensorType({ kind, entry }: StateSpec): TensorType {
  return { ...entry, shape: [kind === 'append' ? slots * pagesPerSequence : slots, ...entry.shape] };
}

/** Seeded weights: matrices that keep the size of what they map, vectors around 1. */
function weightOf({ shape, use }: ParameterSpec, seed: number): Float32Array {
  const length = shape.reduce((product, size) => product * size, 1);
  if (use === 'vector') return randomArray(length, seed).map((value) => 1 + value / 4);
  return randomArray(length, seed, 1.7 / Math.sqrt(shape[shape.length - 1]!));
}

/** Records `prepare` and `apply`, as a model does for one layer. `output` is [maxRows, C]. */
export function recordAttention(
  graph: Graph,
  { variant, context, config }: AttentionSubject,
  given: { readonly maxRows: number; readonly memory: boolean; readonly backend: Pick<Backend, 'matrixFormat'> },
): { readonly output: Tensor; readonly gathers: boolean } {
  const { maxRows, memory } = given;
  const subject = { variant, context, config };
  const { hiddenSize, headDim } = context.model;
  const matrixFormat = given.backend.matrixFormat;
  const parameters = new Map(
    parametersOf(subject).map((spec) => {
      const format = spec.use === 'matrix' ? matrixFormat : f32;
      const name = boundName('parameter', spec);
      return [name, graph.declare('parameter', name, { shape: spec.shape, format })];
    }),
  );
  const states = new Map(
    statesOf(subject).map((spec) => {
      const name = boundName('state', spec);
      return [name, memory ? graph.declare('state', name, stateTensorType(spec)) : undefined];
    }),
  );
  const maxSegments = mostSegments;
  const pageTable = memory ? graph.declare('input', 'page_table', tensorType(i32, slots, pagesPerSequence)) : undefined;
  const find = <T>(
    among: ReadonlyMap<string, T>,
    kind: 'parameter' | 'state',
    owner: 'stage' | 'layer',
    name: string,
  ): T => {
    const bound = boundName(kind, { owner, name });
    if (among.has(bound)) return among.get(bound)!;
    throw new ShapeError({
      where: variant.name,
      expected: `a ${kind} that it declares`,
      got: `'${name}' of the ${owner}`,
    });
  };
  const scopeOf = (owner: 'stage' | 'layer', rows: RowBatch): AttentionScope => ({
    batch: rows,
    parameter: (name) => find(parameters, 'parameter', owner, name),
    state: (name) => find(states, 'state', owner, name),
    pageTable,
    label: (tensor, name) => graph.label(tensor, name),
  });
  const batch: RowBatch = {
    maxRows,
    rows: graph.scalar('rows', 'i32'),
    maxSegments,
    segmentCount: graph.scalar('segment_count', 'i32'),
    longest: graph.scalar('longest', 'i32'),
    segments: graph.declare('input', 'segments', tensorType(i32, maxSegments, 4)),
    rotation: context.rope ? graph.declare('input', 'rotation', tensorType(f32, maxRows, headDim)) : undefined,
  };
  const x = graph.declare('input', 'x', tensorType(f32, maxRows, hiddenSize));
  const shared: unknown = variant.prepare?.(graph, config, x, scopeOf('stage', batch));
  const gathers = variant.stage === 'cross' && memory;
  if (!gathers) return { output: variant.apply(graph, config, x, scopeOf('layer', batch), shared), gathers };
  const wanted = graph.declare('input', 'wanted', tensorType(i32, maxRows));
  const rows = graph.scalar('wanted_rows', 'i32');
  const pick = (from: Tensor): Tensor => graph.call(gatherRows, [from, wanted], { rows })[0]!;
  const own: RowBatch = {
    maxRows,
    rows,
    maxSegments,
    segmentCount: graph.scalar('wanted_segment_count', 'i32'),
    longest: graph.scalar('wanted_longest', 'i32'),
    segments: graph.declare('input', 'wanted_segments', tensorType(i32, maxSegments, 4)),
    rotation: batch.rotation && pick(batch.rotation),
  };
  return { output: variant.apply(graph, config, pick(x), scopeOf('layer', own), shared), gathers };
}

/** A memory for all slots. */
export type LayerMemory = Readonly<Record<string, DeviceBuffer>>;

/** States as zeros, or full of NaN, and a page table that gives every slot pages out of order. */
export function createMemory(backend: Backend, subject: AttentionSubject, poisoned = false): LayerMemory {
  const memory: Record<string, DeviceBuffer> = {};
  for (const spec of statesOf(subject)) memory[boundName('state', spec)] = backend.allocate(stateTensorType(spec));
  if (poisoned) {
    for (const buffer of Object.values(memory)) {
      const { element } = buffer.type.format;
      if (element === 'f32') backend.write(buffer, new Float32Array(elementCount(buffer.type)).fill(Number.NaN));
    }
  }
  memory.page_table = backend.allocate(tensorType(i32, slots, pagesPerSequence));
  backend.write(
    memory.page_table,
    Int32Array.from({ length: slots * pagesPerSequence }, (_, at) => pageOf(at)),
  );
  return memory;
}

/** A permutation: 7 and the count of pages (18) have no common divisor. */
const pageOf = (at: number): number => (at * 7 + 3) % (slots * pagesPerSequence);

/** Copies what one slot holds to another, as an engine does that knows nothing of the variant. */
export function copySlot(
  backend: Backend,
  subject: AttentionSubject,
  memory: LayerMemory,
  from: number,
  to: number,
): void {
  for (const spec of statesOf(subject)) {
    const buffer = memory[boundName('state', spec)]!;
    if (spec.kind !== 'append') backend.copy(buffer, from, buffer, to, 1);
    else {
      for (let page = 0; page < pagesPerSequence; page++) {
        backend.copy(buffer, pageOf(from * pagesPerSequence + page), buffer, pageOf(to * pagesPerSequence + page), 1);
      }
    }
  }
}

/** Consecutive rows of one sequence. */
export interface Feed {
  readonly slot: number;
  /** Position of the first row. */
  readonly start: number;
  /** [rows, C] */
  readonly x: Float32Array;
}

export interface Layer extends Disposable {
  readonly maxRows: number;
  /**
   * Runs all feeds at once. Results [rows, C] of each. A cross layer over a memory can be asked for the rows at `wanted` of
   * each feed alone (ascending): all by default.
   */
  feed(feeds: readonly Feed[], wanted?: readonly number[]): Promise<readonly Float32Array[]>;
}

/** Compiles a layer for `maxRows` rows, over a memory or without. Inputs beyond those in use hold NaN. */
export async function createLayer(
  backend: Backend,
  subject: AttentionSubject,
  maxRows: number,
  memory?: LayerMemory,
): Promise<Layer> {
  const graph = createGraph();
  const { output, gathers } = recordAttention(graph, subject, { maxRows, memory: memory !== undefined, backend });
  const program = graph.build({ output });
  const { hiddenSize: C, headDim: D } = subject.context.model;
  const shared = memory ?? {};
  const needed = program.tensors.filter(({ role }) => role !== 'temporary');
  const own = allocateFor(backend, { ...program, tensors: needed.filter(({ name }) => shared[name] === undefined) });
  const buffers = Object.fromEntries(needed.map(({ name }) => [name, (shared[name] ?? own[name])!]));
  parametersOf(subject).forEach((spec, index) => {
    const buffer = own[boundName('parameter', spec)];
    if (buffer !== undefined) backend.write(buffer, weightOf(spec, 50 + index));
  });
  const executable = await backend.compile(program);
  const binding = executable.bind(buffers);
  const write = (name: string, data: NumberArray): void => {
    if (own[name] !== undefined) backend.write(own[name], data);
  };
  return {
    maxRows,
    async feed(feeds, wanted) {
      const counts = feeds.map(({ x }) => x.length / C);
      const x = new Float32Array(maxRows * C).fill(Number.NaN);
      const rotation = new Float32Array(maxRows * D).fill(Number.NaN);
      const segments: number[] = [];
      const runs: number[] = [];
      const rows: number[] = [];
      const results: number[] = [];
      let row = 0;
      feeds.forEach(({ slot, start, x: data }, index) => {
        const count = counts[index]!;
        x.set(data, row * C);
        for (let i = 0; i < count; i++) rotation.set(rotationRow(start + i, D), (row + i) * D);
        segments.push(row, count, slot, start);
        const picked = (wanted ?? Array.from({ length: count }, (_, i) => i)).filter((i) => i < count);
        for (const [run, length] of runsOf(picked)) {
          runs.push(rows.length, length, slot, start + run);
          for (let i = run; i < run + length; i++) rows.push(row + i);
        }
        results.push(gathers ? picked.length : count);
        row += count;
      });
      const table = (words: readonly number[]): Int32Array => {
        // entries beyond those of a run are rubbish
        const entries = new Int32Array(4 * mostSegments).fill(0x7000_0000);
        entries.set(words);
        return entries;
      };
      write('x', x);
      write('rotation', rotation);
      write('segments', table(segments));
      write(
        'wanted',
        Int32Array.from({ length: maxRows }, (_, i) => rows[i] ?? 0x7000_0000),
      );
      write('wanted_segments', table(runs));
      const longest = Math.max(0, ...feeds.map(({ start }, index) => start + counts[index]!));
      binding.run({
        ...{ rows: row, segment_count: feeds.length, longest },
        ...{ wanted_rows: rows.length, wanted_segment_count: runs.length / 4, wanted_longest: longest },
      });
      const out = new Float32Array(elementCount(output.type));
      await backend.download(buffers.output!, out);
      let at = 0;
      return results.map((count) => {
        at += count * C;
        return out.slice(at - count * C, at);
      });
    },
    [Symbol.dispose]: () => disposeAll([binding, executable, ...Object.values(own)]),
  };
}

/** First place and length of every run of consecutive numbers. */
function runsOf(ascending: readonly number[]): [first: number, length: number][] {
  const runs: [number, number][] = [];
  for (const place of ascending) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === place) last[1]++;
    else runs.push([place, 1]);
  }
  return runs;
}

/** Cosines, then sines, of a position's angles. */
function rotationRow(position: number, headDim: number): Float64Array {
  const half = headDim / 2;
  const angle = (i: number): number => position * 10000 ** (-i / half);
  return Float64Array.from({ length: headDim }, (_, i) => (i < half ? Math.cos(angle(i)) : Math.sin(angle(i - half))));
}
