import type { Backend, Program } from '@yoco-u/spec';
import { createGraph, f32, f32Panels8, linear, swiglu, tensorType } from '@yoco-u/tensor';
import { createWasmBackend } from '../backend.ts';
import type { SimdLevel } from '../loader.ts';
import {
  cycles,
  cyclesPerStep,
  flopsPerStep,
  fmaPeak,
  nothing,
  probeKernels,
  readMemory,
  readyProgram,
  repeated,
} from './probes.ts';
import { trainingPrograms } from './training.ts';

const lanes = 4;
/** Multiply-adds that current cores start in a cycle, and operations of one. */
const flopsPerCycle = 2 * lanes * 2;
const mebibyte = 2 ** 20;
/** More than a last-level cache holds: those of large servers hold hundreds of MiB. */
const coldBytes = 512 * mebibyte;
const joins = 256;

export interface Measurement {
  readonly name: string;
  readonly threads: number;
  readonly unit: 'GHz' | 'GFLOP/s' | 'GB/s' | 'µs';
  /** Best of many: what the machine does when nobody else is on it. */
  readonly best: number;
  readonly median: number;
  /** What `best` is measured against, and their ratio. */
  readonly limit?: { readonly name: string; readonly value: number; readonly ratio: number };
}

/** What a run on this many threads cannot beat. */
export interface MachineLimits {
  /** Multiply-adds in registers, GFLOP/s. */
  readonly fmaGflops: number;
  /** Clock times 16 times threads, GFLOP/s: what `fmaGflops` is checked against. */
  readonly clockGflops: number;
}

export interface KernelBenchOptions {
  /** Thread counts to measure. Default: 1 and 2. */
  readonly threads?: readonly number[];
  readonly simd?: SimdLevel;
  /** Seconds for each measurement, on average. Default: 0.4. */
  readonly seconds?: number;
  /** Called after each measurement. */
  readonly onMeasured?: (measurement: Measurement) => void;
}

/** Measures multiply-adds in registers alone, GFLOP/s: what a run prints its own beside. */
export async function measureFmaPeak(threads: number, seconds = 0.05): Promise<number> {
  await using backend = await createWasmBackend({ threads, kernels: probeKernels });
  const [adds] = await measureGroup(backend, limitSubjects(threads).slice(1), seconds);
  return adds!.best;
}

/** Measures the limits alone: about 1 s. */
export async function measureLimits(threads: number, seconds = 0.4): Promise<MachineLimits> {
  await using backend = await createWasmBackend({ threads, kernels: probeKernels });
  const [ticks, adds] = await measureGroup(backend, limitSubjects(threads), seconds);
  return { fmaGflops: adds!.best, clockGflops: ticks!.best * flopsPerCycle * threads };
}

/**
 * Measures plain reading of so many bytes over and over, GB/s, best of 1, 2 and 4 streams: from caches where they hold them, else
 * from memory. Of more than 512 MiB it reads these. Takes about 2 s.
 */
export async function measureReading(threads: number, bytes: number, seconds = 0.4): Promise<number> {
  await using backend = await createWasmBackend({ threads, kernels: probeKernels });
  const rates: number[] = [];
  for (const streams of [1, 2, 4] as const) {
    const [read] = await measureGroup(backend, [readSubject(streams, Math.min(bytes, coldBytes))], seconds);
    rates.push(read!.best);
  }
  return Math.max(...rates);
}

/** Measures limits and kernels. Takes about 20 s and 700 MB for each thread count. */
export async function benchKernels(options: KernelBenchOptions = {}): Promise<readonly Measurement[]> {
  const { threads: counts = [1, 2], seconds = 0.4, onMeasured } = options;
  const measurements: Measurement[] = [];
  for (const threads of counts) {
    await using backend = await createWasmBackend({
      threads,
      kernels: probeKernels,
      ...(options.simd === undefined ? {} : { simd: options.simd }),
    });
    for (const group of groups(threads)) {
      const rates = await measureGroup(backend, group, seconds);
      group.forEach(({ name, unit, limit }, index) => {
        const { best, median } = rates[index]!;
        const found = limit && measurements.find((other) => other.threads === threads && other.name === limit.name);
        const value = found && found.best * (limit?.factor ?? 1);
        const measurement: Measurement = {
          name,
          threads,
          unit,
          best,
          median,
          ...(limit && value ? { limit: { name: limit.label ?? limit.name, value, ratio: best / value } } : {}),
        };
        measurements.push(measurement);
        onMeasured?.(measurement);
      });
    }
  }
  return measurements;
}

/** One line a measurement, for people. */
export function formatMeasurements(measurements: readonly Measurement[]): string {
  return measurements
    .map(({ name, threads, unit, best, median, limit }) => {
      const value = `${best.toFixed(2).padStart(8)} ${unit.padEnd(7)} (median ${median.toFixed(2)})`;
      const against = limit === undefined ? '' : `  ${(limit.ratio * 100).toFixed(0)} % of ${limit.name}`;
      return `${name.padEnd(44)} T${threads} ${value}${against}`;
    })
    .join('\n');
}

interface Subject {
  readonly name: string;
  readonly unit: Measurement['unit'];
  readonly program: Program;
  /** Operations, bytes or things of one run. */
  readonly amount: number;
  /** An earlier measurement of the same thread count that `best` is set beside, times a factor. */
  readonly limit?: { readonly name: string; readonly label?: string; readonly factor?: number };
}

const clock = 'clock (dependent operations)';
const peak = 'multiply-add in registers';
const reading = 'read memory, 4 streams';
const steps = 100_000;

/** What is measured in turns, so that a disturbance from outside meets all of a group alike. */
function groups(threads: number): readonly (readonly Subject[])[] {
  const hot: Subject[] = [
    ...limitSubjects(threads),
    { name: `join (of ${joins} empty calls)`, unit: 'µs', program: repeated(nothing, 1, joins), amount: joins },
    ...products.map(([T, N, K]): Subject => {
      const program = linearProgram(T, N, K, 1);
      return { name: `linear ${T}x${N}x${K}`, unit: 'GFLOP/s', program, amount: 2 * T * N * K, limit: { name: peak } };
    }),
    ...vectors.map(([T, N, K]): Subject => {
      const program = linearProgram(T, N, K, 1);
      return { name: `linear ${T}x${N}x${K}, cached`, unit: 'GB/s', program, amount: N * K * 4 };
    }),
    {
      name: 'swiglu 128x2048 (bytes read and written)',
      unit: 'GB/s',
      program: swigluProgram(128, 2048),
      amount: 3 * 128 * 2048 * 4,
    },
  ];
  const cold = vectors.map(([T, N, K]): Subject => {
    const bytes = N * K * 4;
    const copies = Math.ceil(coldBytes / bytes);
    const program = linearProgram(T, N, K, copies);
    const name = `linear ${T}x${N}x${K}, from memory`;
    return { name, unit: 'GB/s', program, amount: bytes * copies, limit: { name: reading } };
  });
  const batches = [[16, 2048, 768] as const].map(([T, N, K]): Subject => {
    const copies = Math.ceil(coldBytes / (N * K * 4));
    const name = `linear ${T}x${N}x${K}, from memory`;
    const amount = 2 * T * N * K * copies;
    return { name, unit: 'GFLOP/s', program: linearProgram(T, N, K, copies), amount, limit: { name: peak } };
  });
  const training = trainingPrograms().map(
    ({ name, program, flops }): Subject => ({ name, unit: 'GFLOP/s', program, amount: flops, limit: { name: peak } }),
  );
  const reads = ([1, 2, 4] as const).map((streams) => readSubject(streams, coldBytes));
  // those from memory each by itself: two of them would hold a GiB
  return [hot, training, ...[...reads, ...cold, ...batches].map((subject) => [subject])];
}

function limitSubjects(threads: number): readonly Subject[] {
  const amount = steps * flopsPerStep * threads;
  const limit = { name: clock, label: 'clock x 16', factor: flopsPerCycle * threads };
  return [
    { name: clock, unit: 'GHz', program: repeated(cycles, steps), amount: steps * cyclesPerStep },
    { name: peak, unit: 'GFLOP/s', program: repeated(fmaPeak, steps), amount, limit },
  ];
}

function readSubject(streams: 1 | 2 | 4, bytes: number): Subject {
  const name = `read memory, ${streams} ${streams === 1 ? 'stream' : 'streams'}`;
  // a line at least for each stream of each thread
  const amount = 2 ** 16 * Math.ceil(bytes / 2 ** 16);
  return { name, unit: 'GB/s', program: readProgram(streams, amount), amount };
}

const products = [
  [128, 2048, 512],
  [128, 512, 2048],
  [512, 512, 512],
  [16, 2048, 512],
  [4, 2048, 512],
] as const;
const vectors = [
  [1, 2048, 512],
  [1, 768, 2048],
  [2, 768, 2048],
] as const;

function readProgram(streams: 1 | 2 | 4, bytes: number): Program {
  const graph = createGraph();
  const memory = graph.declare('input', 'memory', tensorType(f32, bytes / 4));
  return graph.build({ y: graph.call(readMemory, [memory], { streams })[0]! });
}

function linearProgram(T: number, N: number, K: number, copies: number): Program {
  const graph = createGraph();
  const x = graph.declare('input', 'x', tensorType(f32, T, K));
  const outputs = Array.from({ length: copies }, (_, index) => {
    const weight = graph.declare('parameter', `weight${index}`, tensorType(f32Panels8, N, K));
    return [`y${index}`, graph.call(linear, [x, weight], {})[0]!];
  });
  return graph.build(Object.fromEntries(outputs));
}

function swigluProgram(T: number, F: number): Program {
  const graph = createGraph();
  const gate = graph.declare('input', 'gate', tensorType(f32, T, F));
  const up = graph.declare('input', 'up', tensorType(f32, T, F));
  return graph.build({ y: graph.call(swiglu, [gate, up], {})[0]! });
}

/** Runs the programs of a group in turns. The first runs are not counted: the engine compiles meanwhile. */
async function measureGroup(
  backend: Backend,
  group: readonly Subject[],
  seconds: number,
): Promise<readonly { readonly best: number; readonly median: number }[]> {
  const ready = await Promise.all(group.map(({ program }) => readyProgram(backend, program)));
  const times = group.map((): number[] => []);
  for (const { run } of ready) for (let warmUp = 0; warmUp < 3; warmUp++) run();
  const end = performance.now() + seconds * group.length * 1e3;
  do {
    ready.forEach(({ run }, index) => {
      // a few in a row: the first finds the caches full of the others
      for (let turn = 0; turn < 4; turn++) {
        const start = performance.now();
        run();
        times[index]!.push((performance.now() - start) * 1e6);
      }
    });
  } while (performance.now() < end);
  for (const each of ready) each[Symbol.dispose]();
  return group.map(({ unit, amount }, index) => {
    const sorted = times[index]!.sort((a, b) => a - b);
    const rate = (nanoseconds: number): number => (unit === 'µs' ? nanoseconds / amount / 1e3 : amount / nanoseconds);
    return { best: rate(sorted[0]!), median: rate(sorted[sorted.length >> 1]!) };
  });
}
