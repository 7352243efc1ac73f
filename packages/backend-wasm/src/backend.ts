/** The WASM backend: base kernels and those passed in, on one linear memory, replayed by a team of threads. */
import { type AnyWasmKernel, type Backend, BackendError, type DeviceBuffer, DisposedError } from '@yoco-u/spec';
import { byteLength, checkCopy, checkRange, describeType, f32Panels8 } from '@yoco-u/tensor';
import { createArena } from './arena.ts';
import { baseWasmKernels } from './base-kernels.ts';
import { encodeProgram } from './encode.ts';
import { createExecutable, type WasmBuffer } from './executable.ts';
import { checkFormat, readElements, writeElements } from './formats.ts';
import { canShareMemory, hardwareThreads } from './host-worker.ts';
import { loadKernels } from './kernel-set.ts';
import { createModuleLoader, type SimdLevel } from './loader.ts';
import { createLinearMemory } from './memory.ts';
import { runtimeModule } from './runtime.wasm.ts';
import { createTeam } from './team.ts';
import { workerPool } from './worker-pool.ts';

const mostDefaultThreads = 8;
const mostThreads = 256;

export interface WasmBackendOptions {
  /** Kernels besides the base kernels: those of the attention variants in use. Preferred to a base kernel of their name. */
  readonly kernels?: readonly AnyWasmKernel[];
  /**
   * Threads of a run, the caller's included. Default: what the machine runs at once, at most 8; 1 where memory cannot be
   * shared. More threads never change a bit of the results.
   */
  readonly threads?: number;
  /** Forces the modules with or without relaxed SIMD. Default: with it where the engine has it and passes a self-test. */
  readonly simd?: SimdLevel;
  /** Bytes that the memory may grow to. Default: 4 GiB, less 64 KiB. */
  readonly memoryLimitBytes?: number;
}

/**
 * Creates a backend. Workers start in the background: `compile` waits for them, `allocate` and `write` need not.
 *
 * Throws `BackendError` when the engine lacks SIMD, when threads are asked for that cannot be had, when a kernel is made
 * for another ABI version, or when a module breaks the rules; `CapacityError` when the engine cannot reserve memory.
 */
export async function createWasmBackend(options: WasmBackendOptions = {}): Promise<Backend> {
  const threads = chooseThreads(options.threads);
  const id = workerPool().reserve(threads - 1);
  try {
    return await create(options, threads, id);
  } catch (error) {
    await workerPool().detach(id);
    throw error;
  }
}

async function create(options: WasmBackendOptions, threads: number, id: number): Promise<Backend> {
  const memory = createLinearMemory({ shared: threads > 1, limitBytes: options.memoryLimitBytes });
  const loader = createModuleLoader({ shared: memory.shared, maximumPages: memory.maximumPages, simd: options.simd });
  const kernels = await loadKernels([...(options.kernels ?? []), ...baseWasmKernels], loader.load);
  const runtime = await loader.loadRuntime(runtimeModule);
  const team = createTeam({ team: id, memory, threads, runtime, modules: kernels.modules });
  const arena = createArena(memory);
  const live = new Set<WasmBuffer>();
  let disposed = false;

  const own = (buffer: DeviceBuffer): WasmBuffer => {
    if (live.has(buffer as WasmBuffer)) return buffer as WasmBuffer;
    throw new DisposedError('wasm backend: buffer');
  };

  return {
    id: 'wasm',
    description: `wasm, ${loader.simd} SIMD, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    threads,
    matrixFormat: f32Panels8,
    supports: kernels.supports,
    allocate(type) {
      if (disposed) throw new DisposedError('wasm backend');
      checkFormat(type);
      const block = memory.allocate(byteLength(type), `allocate ${describeType(type)}`);
      const bindings = new Set<Disposable>();
      const buffer: WasmBuffer = {
        type,
        byteLength: block.bytes,
        address: block.address,
        bindings,
        [Symbol.dispose]() {
          if (!live.delete(buffer)) return;
          for (const binding of bindings) binding[Symbol.dispose]();
          memory.free(block);
        },
      };
      live.add(buffer);
      return buffer;
    },
    write(buffer, data, offset = 0) {
      const { address, type } = own(buffer);
      checkRange('write', type, offset, data.length);
      writeElements(memory, address, type, data, offset);
    },
    copy(from, fromIndex, to, toIndex, count) {
      const source = own(from);
      const target = own(to);
      const bytes = byteLength(checkCopy(from.type, fromIndex, to.type, toIndex, count));
      const start = source.address + fromIndex * bytes;
      memory.bytes.copyWithin(target.address + toIndex * bytes, start, start + count * bytes);
    },
    async download(buffer, into, offset = 0) {
      const { address, type } = own(buffer);
      checkRange('download', type, offset, into.length);
      readElements(memory, address, type, into, offset);
    },
    settled: () => Promise.resolve(),
    async compile(program) {
      if (disposed) throw new DisposedError('wasm backend');
      const encoded = encodeProgram(program, kernels, threads);
      await team.ready;
      return createExecutable({ memory, arena, team, own }, program, encoded);
    },
    memory() {
      let bufferBytes = 0;
      for (const buffer of live) bufferBytes += buffer.byteLength;
      return { bufferBytes, arenaBytes: arena.bytes, reservedBytes: memory.reservedBytes };
    },
    async [Symbol.asyncDispose]() {
      if (disposed) return;
      disposed = true;
      for (const buffer of live) buffer[Symbol.dispose]();
      await team.dispose();
    },
  };
}

function chooseThreads(asked: number | undefined): number {
  if (asked === undefined) return canShareMemory() ? Math.min(mostDefaultThreads, hardwareThreads()) : 1;
  const where = 'createWasmBackend: threads';
  if (!Number.isInteger(asked) || asked < 1 || asked > mostThreads) {
    throw new BackendError({ where, expected: `1 to ${mostThreads}`, got: String(asked) });
  }
  if (asked > 1 && !canShareMemory()) {
    throw new BackendError({
      where,
      expected: '1: memory cannot be shared here',
      got: String(asked),
      fix: 'serve the page with the headers COOP: same-origin and COEP: require-corp, or pass threads: 1',
    });
  }
  return asked;
}
