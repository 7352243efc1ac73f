/**
 * The reference backend: every kernel's plain-TypeScript definition, in float64 or float32. Slow and obvious: the oracle of
 * all tests. Its arena is filled with NaN wherever nothing is promised, so that a read of dead memory shows.
 */
import {
  type AnyKernel,
  type Backend,
  BackendError,
  CapacityError,
  type DeviceBuffer,
  DisposedError,
  type NumberArray,
  type TensorType,
} from '@yoco-u/spec';
import { baseKernels } from '../kernels/index.ts';
import { checkCopy, checkRange } from '../ranges.ts';
import { describeType, elementCount, f32 } from '../shape.ts';
import { createReferenceExecutable, missingKernelFix } from './executable.ts';

export interface ReferenceOptions {
  /** Kernels besides the base kernels: those of the attention variants in use. */
  readonly kernels?: readonly AnyKernel[];
  /** Bits of a floating-point element. Default 64. */
  readonly precision?: 64 | 32;
}

/** Larger typed arrays are not to be had everywhere. */
const mostElements = 2 ** 31;

interface ReferenceBuffer extends DeviceBuffer {
  readonly data: NumberArray;
}

/** Creates a reference backend. `BackendError` when two kernels share a name. */
export function createReferenceBackend(options: ReferenceOptions = {}): Backend {
  const precision = options.precision ?? 64;
  const kernels = new Map<string, AnyKernel>();
  for (const kernel of [...baseKernels, ...(options.kernels ?? [])]) {
    const known = kernels.get(kernel.name);
    if (known !== undefined && known !== kernel) {
      throw new BackendError({
        where: 'reference backend',
        expected: 'one kernel a name',
        got: `two '${kernel.name}'`,
      });
    }
    kernels.set(kernel.name, kernel);
  }
  const live = new Set<ReferenceBuffer>();
  let arenaBytes = 0;
  let disposed = false;

  const create = (type: TensorType): NumberArray => {
    const length = elementCount(type);
    if (length > mostElements) throw new CapacityError(`reference backend: ${describeType(type)} is too large`);
    if (type.format.element === 'i32') return new Int32Array(length);
    return precision === 64 ? new Float64Array(length) : new Float32Array(length);
  };
  const dataOf = (buffer: DeviceBuffer): NumberArray => {
    if (!live.has(buffer as ReferenceBuffer)) throw new DisposedError('reference backend: buffer');
    return (buffer as ReferenceBuffer).data;
  };

  const backend: Backend = {
    id: 'reference',
    description: `reference, float${precision}, one thread`,
    threads: 1,
    matrixFormat: f32,
    supports: (call) => kernels.has(call.kernel) || `no kernel '${call.kernel}'; ${missingKernelFix}`,
    allocate(type) {
      if (disposed) throw new DisposedError('reference backend');
      const data = create(type);
      const buffer: ReferenceBuffer = {
        type,
        data,
        byteLength: data.byteLength,
        [Symbol.dispose]: () => void live.delete(buffer),
      };
      live.add(buffer);
      return buffer;
    },
    write(buffer, data, offset = 0) {
      const target = dataOf(buffer);
      checkRange('write', buffer.type, offset, data.length);
      target.set(data, offset);
    },
    copy(from, fromIndex, to, toIndex, count) {
      const size = elementCount(checkCopy(from.type, fromIndex, to.type, toIndex, count));
      dataOf(to).set(dataOf(from).subarray(fromIndex * size, (fromIndex + count) * size), toIndex * size);
    },
    async download(buffer, into, offset = 0) {
      const source = dataOf(buffer);
      checkRange('download', buffer.type, offset, into.length);
      into.set(source.subarray(offset, offset + into.length));
    },
    settled: () => Promise.resolve(),
    async compile(program) {
      if (disposed) throw new DisposedError('reference backend');
      const executable = createReferenceExecutable(program, kernels, precision, dataOf);
      arenaBytes = Math.max(arenaBytes, executable.arenaBytes);
      return executable;
    },
    memory() {
      let bufferBytes = 0;
      for (const buffer of live) bufferBytes += buffer.data.byteLength;
      return { bufferBytes, arenaBytes, reservedBytes: bufferBytes + arenaBytes };
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      live.clear();
    },
  };
  return backend;
}
