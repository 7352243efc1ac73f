/** One kernel call as a program on a backend. */
import type {
  AnyKernel,
  Backend,
  DeviceBuffer,
  NumberArray,
  Params,
  Program,
  ScalarValues,
  TensorType,
  Value,
} from '@yoco-u/spec';
import { createGraph } from '@yoco-u/tensor';
import type { AnyKernelCase } from './kernel-case.ts';
import { hostArray } from './numbers.ts';

/** Buffers for all bound tensors of a program. */
export function allocateFor(backend: Backend, program: Program): Record<string, DeviceBuffer> {
  const buffers: Record<string, DeviceBuffer> = {};
  for (const { role, name, type } of program.tensors) if (role !== 'temporary') buffers[name] = backend.allocate(type);
  return buffers;
}

export function disposeAll(things: Iterable<Disposable>): void {
  for (const thing of things) thing[Symbol.dispose]();
}

/** The whole tensor, as the backend holds it: float32 (float64 where `precision` is 64) or integers. */
export async function read(backend: Backend, buffer: DeviceBuffer, precision: 32 | 64 = 32): Promise<NumberArray> {
  const into = hostArray(buffer.type, precision);
  await backend.download(buffer, into);
  return into;
}

export interface DeviceCall extends Disposable {
  /** Writes inputs and outputs in full, runs, and reads outputs and inputs (states may have changed) back. */
  run(inputs: readonly NumberArray[], before: readonly NumberArray[], values: ScalarValues): Promise<CallResults>;
}

export interface CallResults {
  readonly outputs: readonly NumberArray[];
  /** The inputs after the run. */
  readonly inputs: readonly NumberArray[];
}

/** Types of the case's inputs on this backend: matrices as they are, or in the backend's own format. */
export function deviceTypes(backend: Backend, { inputs }: AnyKernelCase, ownFormat: boolean): TensorType[] {
  return inputs.map(({ type, matrix }) => (ownFormat && matrix ? { ...type, format: backend.matrixFormat } : type));
}

/** Compiles the case's call, with scalars or with constants. */
export async function compileCall(
  backend: Backend,
  kernel: AnyKernel,
  given: AnyKernelCase,
  types: readonly TensorType[],
  constants: boolean,
): Promise<DeviceCall> {
  const graph = createGraph();
  const inputs = types.map((type, index) =>
    graph.declare(kernel.updates?.includes(index) ? 'state' : 'input', `in${index}`, type),
  );
  const values: [string, Value][] = Object.entries(given.scalars ?? {}).map(([name, { type, value }]) => [
    name,
    constants ? value : graph.scalar(name, type),
  ]);
  const results = graph.call<Params>(kernel, inputs, given.params(Object.fromEntries(values)));
  const program = graph.build(Object.fromEntries(results.map((tensor, index) => [`out${index}`, tensor])));
  const executable = await backend.compile(program);
  const buffers = allocateFor(backend, program);
  const binding = executable.bind(buffers);
  const readAll = (name: string, count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => read(backend, buffers[`${name}${index}`]!)));
  return {
    async run(data, before, scalars) {
      data.forEach((array, index) => void backend.write(buffers[`in${index}`]!, array));
      before.forEach((array, index) => void backend.write(buffers[`out${index}`]!, array));
      binding.run(constants ? {} : scalars);
      return { outputs: await readAll('out', results.length), inputs: await readAll('in', types.length) };
    },
    [Symbol.dispose]() {
      disposeAll([binding, executable, ...Object.values(buffers)]);
    },
  };
}
