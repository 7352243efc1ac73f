/** Runs one recorded program on a backend. For tests only. */
import type { Backend, Graph, NumberArray, Program, ScalarValues, Tensor } from '@yoco-u/spec';
import { createGraph, elementCount } from '@yoco-u/tensor';

/** Numbers that repeat from run to run, in [-1, 1). */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

export type Data = Readonly<Record<string, NumberArray>>;

/** Data of every bound tensor that is read: what `given` holds by name, else numbers in [-1, 1). */
export function dataOf(program: Program, given: Data = {}): Data {
  const bound = program.tensors.filter(({ role }) => role !== 'temporary' && role !== 'output');
  const entries = bound.map(({ name, type }, index) => [name, given[name] ?? numbers(elementCount(type), index + 1)]);
  return Object.fromEntries(entries) as Data;
}

/** Row indices in [0, limit) that repeat from run to run. */
export function rowIndices(count: number, limit: number): Int32Array {
  return Int32Array.from(numbers(count, 7), (x) => Math.floor(Math.abs(x) * limit));
}

/** Records a program whose outputs are what `build` returns. */
export function record(build: (graph: Graph) => Readonly<Record<string, Tensor>>): Program {
  const graph = createGraph();
  return graph.build(build(graph));
}

/** Runs a program on data given by name and returns its outputs. `before` fills the outputs beforehand. */
export async function runProgram(
  backend: Backend,
  program: Program,
  data: Data,
  { values = {}, before = Number.NaN }: { values?: ScalarValues; before?: number } = {},
): Promise<Record<string, Float32Array>> {
  using executable = await backend.compile(program);
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
  for (const { name, type } of bound) {
    backend.write(buffers[name]!, data[name] ?? new Float32Array(elementCount(type)).fill(before));
  }
  using binding = executable.bind(buffers);
  binding.run(values);
  const results: Record<string, Float32Array> = {};
  for (const { name, type, role } of bound) {
    if (role !== 'output' && role !== 'state') continue;
    results[name] = new Float32Array(elementCount(type));
    await backend.download(buffers[name]!, results[name]);
  }
  for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
  return results;
}

/** The largest difference of two arrays, relative to the largest number of the second. */
export function largestError(actual: NumberArray, expected: NumberArray): number {
  let error = 0;
  let scale = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(expected[i]!) && Number.isNaN(actual[i]!)) continue;
    // a comparison that NaN does not pass
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= error)) error = difference;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return error / scale;
}
