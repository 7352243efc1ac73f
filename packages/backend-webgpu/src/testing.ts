/** Runs one recorded program on a backend. For tests only. */
import type { Backend, Graph, NumberArray, Program, ScalarValues, Tensor } from '@yoco-u/spec';
import { createGraph, elementCount } from '@yoco-u/tensor';

/** Records a program whose outputs are what `build` returns. */
export function record(build: (graph: Graph) => Readonly<Record<string, Tensor>>): Program {
  const graph = createGraph();
  return graph.build(build(graph));
}

/** Runs a program on data given by name (zeros where there is none), and returns its outputs. */
export async function runProgram(
  backend: Backend,
  program: Program,
  data: Readonly<Record<string, NumberArray>>,
  values: ScalarValues = {},
): Promise<Record<string, Float32Array>> {
  using executable = await backend.compile(program);
  const bound = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(bound.map(({ name, type }) => [name, backend.allocate(type)]));
  for (const [name, array] of Object.entries(data)) backend.write(buffers[name]!, array);
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
