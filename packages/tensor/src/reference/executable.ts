/** A program on the reference backend: every call's definition, in order, over one arena filled with NaN. */
import {
  type AnyKernel,
  BackendError,
  type Binding,
  type DeviceBuffer,
  DisposedError,
  type Executable,
  type NumberArray,
  type Program,
  type ScalarValues,
  type TensorType,
  type Value,
} from '@yoco-u/spec';
import { checkBuffers, isScalar, scalarValue } from '../bindings.ts';
import { expandProgram } from '../expand.ts';
import { planArena } from '../plan.ts';
import { elementCount } from '../shape.ts';

/** What to do about a kernel that is not known. */
export const missingKernelFix =
  "list it in the variant's kernels, or pass it in the option 'kernels' of createReferenceBackend";

/** Resolves the kernels and gives temporaries their places; throws `BackendError` for a kernel that is not known. */
export function createReferenceExecutable(
  given: Program,
  kernels: ReadonlyMap<string, AnyKernel>,
  precision: 64 | 32,
  dataOf: (buffer: DeviceBuffer) => NumberArray,
): Executable {
  // fused calls part by part: their intermediates are poisoned, too
  const program = expandProgram(given, () => false);
  const resolved = program.calls.map((call) => {
    const kernel = kernels.get(call.kernel);
    if (kernel !== undefined) return kernel;
    throw new BackendError({
      where: `reference backend: ${call.kernel}`,
      expected: 'a kernel of this name',
      got: 'none',
      fix: missingKernelFix,
    });
  });
  const plan = planArena(program);
  // offsets count 4-byte elements: doubling them makes room for float64
  const arena = new ArrayBuffer(plan.bytes * 2);
  const temporary = (id: number): NumberArray => {
    const { type } = program.tensors[id]!;
    const start = plan.offsets[id]! * 2;
    if (type.format.element === 'i32') return new Int32Array(arena, start, elementCount(type));
    const FloatArray = precision === 64 ? Float64Array : Float32Array;
    return new FloatArray(arena, start, elementCount(type));
  };

  let disposed = false;
  const alive = (): void => {
    if (disposed) throw new DisposedError('executable');
  };
  return {
    program: given,
    arenaBytes: plan.bytes,
    dispatches(values) {
      for (const scalar of program.scalars) scalarValue(scalar, values);
      return program.calls.length;
    },
    bind(buffers): Binding {
      alive();
      checkBuffers(program, buffers);
      const arrays = program.tensors.map(({ role, name }, id) =>
        role === 'temporary' ? (plan.offsets[id]! < 0 ? new Float64Array(0) : temporary(id)) : dataOf(buffers[name]!),
      );
      const typesOf = (ids: readonly number[]): TensorType[] => ids.map((id) => program.tensors[id]!.type);
      const calls = program.calls.map((call, index) => ({
        index,
        kernel: resolved[index]!,
        outputs: call.outputs.map((id) => arrays[id]!),
        dead: [...call.inputs, ...call.outputs].filter((id) => plan.offsets[id]! >= 0 && plan.lastUse[id] === index),
        reference: {
          inputs: call.inputs.map((id) => arrays[id]!),
          outputs: call.outputs.map((id) => arrays[id]!),
          inputTypes: typesOf(call.inputs),
          outputTypes: typesOf(call.outputs),
          params: call.params,
        },
      }));
      let ended = false;
      return {
        run(values?: ScalarValues) {
          alive();
          if (ended) throw new DisposedError('binding');
          for (const { role, name } of program.tensors) if (role !== 'temporary') dataOf(buffers[name]!);
          const value = (of: Value): number => (isScalar(of) ? scalarValue(of, values) : of);
          for (const scalar of program.scalars) scalarValue(scalar, values);
          for (const { index, kernel, outputs, dead, reference } of calls) {
            for (const output of outputs) poison(output);
            try {
              kernel.reference({ ...reference, value });
            } catch (cause) {
              const where = `run: call ${index} (${kernel.name})`;
              const expected = 'a reference that returns';
              throw new BackendError({ where, expected, got: String(cause), fix: 'correct the kernel' }, { cause });
            }
            for (const id of dead) poison(arrays[id]!);
          }
        },
        [Symbol.dispose]() {
          ended = true;
        },
      };
    },
    [Symbol.dispose]() {
      disposed = true;
    },
  };
}

/** What no kernel promised: NaN, or an integer that no index survives. */
function poison(array: NumberArray): void {
  if (array instanceof Int32Array) array.fill(-0x80000000);
  else array.fill(Number.NaN);
}
