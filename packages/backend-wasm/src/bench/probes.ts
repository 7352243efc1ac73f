/** Kernels that do nothing but reach a limit of the machine. */
import type { AnyWasmKernel, Backend, KernelSpec, Program } from '@yoco-u/spec';
import { byteLength, createGraph, elementCount, f32, tensorType, width } from '@yoco-u/tensor';
import { probeModule as module } from '../probe.wasm.ts';

/** Floating-point operations of one step of the multiply-add loop: 12 vectors of 4 lanes, two operations each. */
export const flopsPerStep = 96;
/** Dependent one-cycle operations of one step of the clock loop. */
export const cyclesPerStep = 16;

const mostThreads = 256;
const results = tensorType(f32, 16 * (mostThreads + 1));
const outputOnly = (name: string): KernelSpec<{ readonly count: number }> => ({
  name,
  infer: () => [results],
  cost: () => ({ flops: 0, bytes: 0 }),
  reference: () => {},
});

export const fmaPeak = outputOnly('bench.fma_peak');
export const cycles = outputOnly('bench.cycles');
export const nothing = outputOnly('bench.nothing');

/** Reads a buffer from end to end, every thread its share, as 1, 2 or 4 streams. */
export const readMemory: KernelSpec<{ readonly streams: 1 | 2 | 4 }> = {
  name: 'bench.read_memory',
  infer: () => [results],
  cost: ([memory]) => ({ flops: 0, bytes: width(memory!) * 4 }),
  reference: () => {},
};

export const probeKernels: readonly AnyWasmKernel[] = [
  { abi: 1, kernel: fmaPeak.name, module, phases: ['fma_peak_phase'], encode: ({ params: { count } }) => [count] },
  { abi: 1, kernel: cycles.name, module, phases: ['cycles_phase'], encode: ({ params: { count } }) => [count] },
  { abi: 1, kernel: nothing.name, module, phases: ['nothing_phase'], encode: () => [] },
  {
    abi: 1,
    kernel: readMemory.name,
    module,
    phases: ['read_memory_phase'],
    encode: ({ inputs: [memory], params: { streams } }) => [byteLength(memory!), streams],
  },
];

/** A program ready to run again and again. */
export interface ReadyProgram extends Disposable {
  run(): void;
}

/** Compiles a program and binds it to buffers of its own, filled with numbers so that their pages exist. */
export async function readyProgram(backend: Backend, program: Program): Promise<ReadyProgram> {
  const executable = await backend.compile(program);
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
  for (const { name, type, role } of bound) {
    if (role === 'output') continue;
    const count = elementCount(type);
    // rows of a packed matrix one by one
    const piece = fractions(type.format.rowMultiple === 1 ? Math.min(count, 2 ** 16) : width(type));
    for (let at = 0; at < count; at += piece.length) {
      backend.write(buffers[name]!, piece.subarray(0, count - at), at);
    }
  }
  const binding = executable.bind(buffers);
  return {
    run: () => binding.run(),
    [Symbol.dispose]() {
      for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
      executable[Symbol.dispose]();
    },
  };
}

/** A program of `count` calls of one probe. */
export function repeated(probe: typeof fmaPeak, steps: number, count = 1): Program {
  const graph = createGraph();
  const outputs = Array.from({ length: count }, (_, index) => [
    `y${index}`,
    graph.call(probe, [], { count: steps })[0]!,
  ]);
  return graph.build(Object.fromEntries(outputs));
}

function fractions(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => ((index * 37) % 64) / 64 - 0.5);
}
