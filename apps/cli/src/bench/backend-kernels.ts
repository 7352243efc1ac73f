/** `linear` on any backend, through what every backend has: compile, run, wait. */
import type { Backend, Program } from '@yoco-u/spec';
import { byteLength, createGraph, elementCount, f32, linear, tensorType } from '@yoco-u/tensor';

export interface KernelRate {
  readonly name: string;
  readonly unit: 'GFLOP/s' | 'GB/s';
  readonly best: number;
  readonly median: number;
}

/** Rows, outputs and inner width: products of many rows, then products with a vector. */
const products = [
  [512, 512, 512],
  [128, 2048, 512],
] as const;
const vectors = [
  [1, 2048, 512],
  [1, 768, 2048],
] as const;

/** Runs between two waits: a wait takes a device longer than a small kernel. */
const runsAtOnce = 4;

/** Measures each for so many seconds, and tells at once. Products count operations, vectors the bytes of weights read. */
export async function measureBackendKernels(
  backend: Backend,
  seconds: number,
  onMeasured: (rate: KernelRate) => void,
): Promise<readonly KernelRate[]> {
  const rates: KernelRate[] = [];
  for (const [T, N, K] of [...products, ...vectors]) {
    const weight = tensorType(backend.matrixFormat, N, K);
    const isProduct = T > 1;
    const amount = isProduct ? 2 * T * N * K : byteLength(weight);
    const graph = createGraph();
    const x = graph.declare('input', 'x', tensorType(f32, T, K));
    const [y] = graph.call(linear, [x, graph.declare('parameter', 'weight', weight)], {});
    const times = await timesOf(backend, graph.build({ y: y! }), seconds);
    const rate = (nanoseconds: number): number => amount / nanoseconds;
    const unit = isProduct ? 'GFLOP/s' : 'GB/s';
    rates.push({ name: `linear ${T}x${N}x${K}`, unit, best: rate(times[0]!), median: rate(times[times.length >> 1]!) });
    onMeasured(rates.at(-1)!);
  }
  return rates;
}

/** Nanoseconds a run, ascending. The first runs are not counted: shaders and caches warm up. */
async function timesOf(backend: Backend, program: Program, seconds: number): Promise<readonly number[]> {
  using executable = await backend.compile(program);
  const buffers = Object.fromEntries(program.tensors.map(({ name, type }) => [name, backend.allocate(type)]));
  try {
    for (const { name, type, role } of program.tensors) {
      if (role === 'output') continue;
      const values = Float32Array.from({ length: elementCount(type) }, (_, index) => ((index * 37) % 64) / 64 - 0.5);
      backend.write(buffers[name]!, values);
    }
    using binding = executable.bind(buffers);
    const times: number[] = [];
    const end = performance.now() + 1000 * seconds;
    for (let turn = 0; turn < 3 || performance.now() < end; turn++) {
      const began = performance.now();
      for (let run = 0; run < runsAtOnce; run++) binding.run();
      await backend.settled();
      if (turn > 0) times.push(((performance.now() - began) * 1e6) / runsAtOnce);
    }
    return times.sort((a, b) => a - b);
  } finally {
    for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
  }
}
