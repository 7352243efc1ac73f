/** Whether a backend computes what it should, before anything relies on it. */
import { type Backend, type DeviceBuffer, type Program, YocoError } from '@yoco-u/spec';
import { createGraph, elementCount, f32, linear, rmsNorm, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';

/** True, or what is wrong. `tolerance`: the largest error of results of size 1 that is right. */
export type SelfTest = (backend: Backend, tolerance: number) => Promise<true | string>;

/** More than a tile of everything, and no multiple of one; `inner` is one of a quad. */
const rows = 9;
const inner = 68;
const outer = 77;

/** A norm and a product with a matrix, for many rows and for a single one, beside the reference. */
export const testProducts: SelfTest = async (backend, tolerance) => {
  await using reference = createReferenceBackend();
  for (const count of [rows, 1]) {
    const expected = await normAndProduct(reference, count);
    const got = await normAndProduct(backend, count);
    const error = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - got[index]!)), 0);
    // NaN, too
    if (!(error <= tolerance)) return `linear of ${count} rows is off by ${error.toPrecision(2)}`;
  }
  return true;
};

async function normAndProduct(backend: Backend, count: number): Promise<Float32Array> {
  const graph = createGraph();
  const given = { rows: graph.scalar('rows', 'i32') };
  const x = graph.declare('input', 'x', tensorType(f32, rows, inner));
  const norm = graph.declare('parameter', 'norm', tensorType(f32, inner));
  const weight = graph.declare('parameter', 'weight', tensorType(backend.matrixFormat, outer, inner));
  const [normed] = graph.call(rmsNorm, [x, norm], { ...given, eps: 1e-5 });
  const program: Program = graph.build({ y: graph.call(linear, [normed!, weight], given)[0]! });
  const taken: Disposable[] = [];
  try {
    const executable = await backend.compile(program);
    taken.push(executable);
    const buffers: Record<string, DeviceBuffer> = {};
    for (const { role, name, type } of program.tensors) {
      if (role === 'temporary') continue;
      buffers[name] = backend.allocate(type);
      taken.push(buffers[name]);
      // a norm of 1 and weights of this size give results of about 1
      const size = name === 'weight' ? Math.sqrt(3 / inner) : 1;
      if (role !== 'output') backend.write(buffers[name], numbers(elementCount(type), size));
    }
    executable.bind(buffers).run({ rows: count });
    const result = new Float32Array(count * outer);
    await backend.download(buffers.y!, result);
    return result;
  } finally {
    for (const one of taken.reverse()) one[Symbol.dispose]();
  }
}

/** In ±size, without a period that tiles could share. */
function numbers(count: number, size: number): Float32Array {
  let state = count;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state / 2 ** 31) * size;
  });
}

/** The first thing that is wrong, or undefined. A `DeviceLostError` is thrown: it says nothing about the arithmetic. */
export async function firstProblem(
  backend: Backend,
  tests: readonly SelfTest[],
  tolerance: number,
): Promise<string | undefined> {
  for (const test of tests) {
    const answer = await test(backend, tolerance).catch((error: unknown) => {
      if (!YocoError.isInstance(error) || error.code === 'device_lost') throw error;
      return error.message;
    });
    if (answer !== true) return answer;
  }
  return undefined;
}
