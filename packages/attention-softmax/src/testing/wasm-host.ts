/**
 * The WASM kernels of this package called as a backend calls them, threads one after the other: enough of a `Backend` for
 * the tests. Memory is filled with NaN, and every tensor has a guard behind it that must stay untouched. Base kernels run as
 * their definitions.
 */
import {
  type AnyWasmKernel,
  type Backend,
  BackendError,
  type CallDescription,
  type DeviceBuffer,
  type Executable,
  type NumberArray,
  type Program,
  type ScalarValues,
  type TensorType,
  type WasmWord,
} from '@yoco-u/spec';
import { baseKernels, byteLength, elementCount, f32, scalarValue } from '@yoco-u/tensor';

export interface WasmHostOptions {
  readonly kernels: readonly AnyWasmKernel[];
  readonly threads: number;
  readonly variant: 'relaxed' | 'baseline';
  /** Order in which the threads of a phase run; results must not depend on it. */
  readonly reversed?: boolean;
}

interface HostBuffer extends DeviceBuffer {
  readonly address: number;
}

type Phase = (args: number, thread: number, threads: number) => void;

const guardBytes = 64;
const guard = 0x5a;

export function createWasmHost({ kernels, threads, variant, reversed = false }: WasmHostOptions): Backend {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 16384, shared: true });
  const instances = new Map<AnyWasmKernel['module'], WebAssembly.Instance>();
  const guards: number[] = [];
  let top = 64;

  const take = (bytes: number): number => {
    const address = top;
    const padded = Math.ceil(bytes / 64) * 64;
    top += padded + guardBytes;
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    new Uint8Array(memory.buffer, address, padded).fill(0xff);
    new Uint8Array(memory.buffer, address + padded, guardBytes).fill(guard);
    guards.push(address + padded);
    return address;
  };
  const view = (address: number, type: TensorType): Float32Array | Int32Array =>
    type.format.element === 'i32'
      ? new Int32Array(memory.buffer, address, elementCount(type))
      : new Float32Array(memory.buffer, address, elementCount(type));
  const instanceOf = (kernel: AnyWasmKernel): WebAssembly.Instance => {
    const known = instances.get(kernel.module);
    if (known !== undefined) return known;
    const module = new WebAssembly.Module((kernel.module[variant] ?? kernel.module.baseline)());
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    instances.set(kernel.module, instance);
    return instance;
  };
  const checkGuards = (): void => {
    for (const at of guards) {
      if (new Uint8Array(memory.buffer, at, guardBytes).every((byte) => byte === guard)) continue;
      throw new BackendError({ where: 'wasm host', expected: 'an untouched guard', got: `a write behind ${at}` });
    }
  };

  const compile = (program: Program): Executable => ({
    program,
    arenaBytes: 0,
    dispatches: () => program.calls.length,
    bind(buffers) {
      const scalarBlock = take(4 * Math.max(1, program.scalars.length));
      const temporaries: { address: number; bytes: number }[] = [];
      const addresses = program.tensors.map(({ role, name, type }) => {
        if (role !== 'temporary') return (buffers[name] as HostBuffer).address;
        const address = take(byteLength(type));
        temporaries.push({ address, bytes: byteLength(type) });
        return address;
      });
      const encodeWord = (word: WasmWord): number => {
        if (typeof word === 'number') return word;
        if ('f32' in word) return new Int32Array(Float32Array.of(word.f32).buffer)[0]!;
        if (typeof word.cell === 'object') return scalarBlock + 4 * word.cell.index;
        const cell = take(4);
        if (word.type === 'i32') new Int32Array(memory.buffer, cell, 1)[0] = word.cell;
        else new Float32Array(memory.buffer, cell, 1)[0] = word.cell;
        return cell;
      };
      const calls = program.calls.map((call) => {
        const description: CallDescription = {
          kernel: call.kernel,
          inputs: call.inputs.map((id) => program.tensors[id]!.type),
          outputs: call.outputs.map((id) => program.tensors[id]!.type),
          params: call.params,
        };
        const fits = (candidate: AnyWasmKernel): boolean =>
          candidate.kernel === call.kernel && (candidate.select?.(description) ?? true) === true;
        const kernel = kernels.find(fits);
        const definition = baseKernels.find(({ name }) => name === call.kernel);
        if (kernel === undefined && definition !== undefined) {
          const { inputs, outputs, params } = description;
          const views = [...call.inputs, ...call.outputs].map(
            (id) => [addresses[id]!, program.tensors[id]!.type] as const,
          );
          return (values: ScalarValues | undefined) => {
            const arrays = views.map(([address, type]) => view(address, type));
            definition.reference({
              inputs: arrays.slice(0, inputs.length),
              outputs: arrays.slice(inputs.length),
              inputTypes: inputs,
              outputTypes: outputs,
              params,
              value: (of) => (typeof of === 'number' ? of : scalarValue(of, values)),
            });
          };
        }
        if (kernel === undefined) {
          throw new BackendError({ where: 'wasm host', expected: 'a known kernel', got: call.kernel });
        }
        const workspaceBytes = kernel.workspace?.(description, threads) ?? 0;
        const workspace = take(workspaceBytes);
        const tensors = [...call.inputs, ...call.outputs].map((id) => addresses[id]!);
        const words = [1, workspace, workspaceBytes, scalarBlock, ...tensors];
        words.push(...kernel.encode(description).map(encodeWord));
        const args = take(4 * words.length);
        new Int32Array(memory.buffer, args, words.length).set(words);
        const { exports } = instanceOf(kernel);
        const used = kernel.serial?.(description) ? 1 : threads;
        const phases = kernel.phases.map((name) => exports[name] as Phase);
        return () => {
          new Uint8Array(memory.buffer, workspace, workspaceBytes).fill(0xff);
          for (const phase of phases) {
            for (let thread = 0; thread < used; thread++) phase(args, reversed ? used - 1 - thread : thread, used);
          }
        };
      });
      return {
        run(values) {
          for (const scalar of program.scalars) {
            const cells = scalar.type === 'i32' ? Int32Array : Float32Array;
            new cells(memory.buffer, scalarBlock + 4 * scalar.index, 1)[0] = scalarValue(scalar, values);
          }
          for (const { address, bytes } of temporaries) new Uint8Array(memory.buffer, address, bytes).fill(0xff);
          for (const call of calls) call(values);
          checkGuards();
        },
        [Symbol.dispose]() {},
      };
    },
    [Symbol.dispose]() {},
  });

  return {
    id: 'wasm-host',
    description: `${variant}, ${threads} shares`,
    threads,
    matrixFormat: f32,
    supports: ({ kernel }) => kernels.some((candidate) => candidate.kernel === kernel) || `no kernel '${kernel}'`,
    allocate(type): HostBuffer {
      return { type, byteLength: byteLength(type), address: take(byteLength(type)), [Symbol.dispose]() {} };
    },
    write(buffer, data, offset = 0) {
      view((buffer as HostBuffer).address, buffer.type).set(data, offset);
    },
    copy() {
      throw new BackendError('wasm host: expected no copy, got one; it is not for tests of states');
    },
    async download(buffer, into: NumberArray, offset = 0) {
      into.set(view((buffer as HostBuffer).address, buffer.type).subarray(offset, offset + into.length));
    },
    settled: async () => {},
    compile: async (program) => compile(program),
    memory: () => ({ bufferBytes: top, arenaBytes: 0, reservedBytes: memory.buffer.byteLength }),
    async [Symbol.asyncDispose]() {},
  };
}
