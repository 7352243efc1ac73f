/** Set-up shared by the tests: seeded numbers, runs of the kernels on a backend, and a direct evaluation to compare with. */
import type { Backend, DeviceBuffer, NumberArray, TensorType } from '@yoco-u/spec';
import { createGraph, f32, i32, tensorType } from '@yoco-u/tensor';
import { retention } from '../retention.ts';
import { retentionParallel } from '../retention-parallel.ts';

/** Uniform numbers in [-1, 1), the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 31 - 1;
  };
}

export interface RetentionCase {
  readonly rows: number;
  readonly heads: number;
  readonly headDim: number;
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly decay: Float32Array;
}

/** Random operands; decay logits spread over ±`spread`. */
export function randomCase(seed: number, rows: number, heads: number, headDim: number, spread = 4): RetentionCase {
  const random = randomNumbers(seed);
  const fill = (length: number, factor: number) => Float32Array.from({ length }, () => factor * random());
  const width = rows * heads * headDim;
  return {
    rows,
    heads,
    headDim,
    q: fill(width, 1),
    k: fill(width, 1),
    v: fill(width, 1),
    decay: fill(rows * heads, spread),
  };
}

/** First row, number of rows, slot, start position. */
export type SegmentRow = readonly [firstRow: number, count: number, slot: number, start: number];

export interface RetentionRun {
  readonly segments: readonly SegmentRow[];
  /** Rows of the run; default: all. */
  readonly rows?: number;
  /** Room in the segment table beyond the run's own. */
  readonly spareSegments?: number;
}

/** A way to run a kernel: on a backend, or on a bare module. `state` is updated. */
export type Execute = (
  operands: RetentionCase,
  run: RetentionRun,
  state?: NumberArray | undefined,
) => Promise<NumberArray>;

/** The operands' types, and those of a call without memory or, given a state, with it. */
export function typesFor(
  { rows: T, heads: H, headDim: D }: RetentionCase,
  { segments, spareSegments = 0 }: RetentionRun,
  state: NumberArray | undefined,
): Readonly<Record<string, TensorType>> {
  const wide = tensorType(f32, T, H * D);
  return {
    q: wide,
    k: wide,
    v: wide,
    decay: tensorType(f32, T, H),
    segments: tensorType(i32, segments.length + spareSegments, 4),
    ...(state === undefined ? {} : { state: tensorType(f32, state.length / (H * D * D), H, D, D) }),
  };
}

/** The operands' contents in the order of `typesFor`; spare segments are rubbish. */
export function dataFor(
  operands: RetentionCase,
  { segments, spareSegments = 0 }: RetentionRun,
  state: NumberArray | undefined,
): Readonly<Record<string, NumberArray>> {
  const table = new Int32Array(4 * (segments.length + spareSegments)).fill(0x7000_0000);
  table.set(segments.flat());
  const { q, k, v, decay } = operands;
  return { q, k, v, decay, segments: table, ...(state === undefined ? {} : { state }) };
}

/** Runs the kernel without memory, or the one with memory where a state is given, on a backend. */
export function onBackend(backend: Backend): Execute {
  return async (operands, run, state) => {
    const types = typesFor(operands, run, state);
    const graph = createGraph();
    const declared = Object.entries(types).map(([name, type]) =>
      graph.declare(name === 'state' ? 'state' : 'input', name, type),
    );
    const params = { segmentCount: graph.scalar('segments', 'i32'), rows: graph.scalar('rows', 'i32') };
    const [o] = graph.call(state === undefined ? retentionParallel : retention, declared, params);
    using executable = await backend.compile(graph.build({ o: o! }));
    const buffers: Record<string, DeviceBuffer> = { o: backend.allocate(o!.type) };
    for (const [name, data] of Object.entries(dataFor(operands, run, state))) {
      buffers[name] = backend.allocate(types[name]!);
      backend.write(buffers[name], data);
    }
    using binding = executable.bind(buffers);
    binding.run({ segments: run.segments.length, rows: run.rows ?? operands.rows });
    const result = new Float64Array(operands.q.length);
    await backend.download(buffers.o!, result);
    if (state !== undefined) await backend.download(buffers.state!, state);
    for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
    return result;
  };
}

/** The definition in words of its formula: every pair of rows by itself, its decays multiplied one by one. */
export function evaluateDirectly(
  { heads: H, headDim: D, q, k, v, decay }: RetentionCase,
  firstRow: number,
  count: number,
): Float64Array {
  const o = new Float64Array(count * H * D);
  for (let h = 0; h < H; h++) {
    for (let n = 0; n < count; n++) {
      for (let j = 0; j <= n; j++) {
        let weight = 1 / Math.sqrt(D);
        for (let m = j + 1; m <= n; m++) {
          weight *= (1 / (1 + Math.exp(-decay[(firstRow + m) * H + h]!))) ** (1 / 16);
        }
        let score = 0;
        for (let d = 0; d < D; d++) {
          score += q[((firstRow + n) * H + h) * D + d]! * k[((firstRow + j) * H + h) * D + d]!;
        }
        for (let d = 0; d < D; d++) o[(n * H + h) * D + d]! += weight * score * v[((firstRow + j) * H + h) * D + d]!;
      }
    }
  }
  return o;
}

/** Largest difference, against the largest magnitude expected. NaN anywhere gives NaN. */
export function relativeError(got: NumberArray, expected: NumberArray): number {
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - expected[i]!));
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return difference / Math.max(magnitude, 1e-30);
}
