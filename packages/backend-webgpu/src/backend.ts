/** The WebGPU backend: base kernels and those passed in, replayed in one submission a run. */
import {
  type AnyWebGpuKernel,
  type Backend,
  type CallDescription,
  type DeviceBuffer,
  DisposedError,
  type Executable,
  ShapeError,
  type WebGpuDevice,
} from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32Panels8, sameType, tensorType } from '@yoco-u/tensor';
import { openDevice } from './adapter.ts';
import { createArena } from './arena.ts';
import { createDeviceMemory, usage } from './device-memory.ts';
import { encodeProgram } from './encode.ts';
import { createExecutable, type WebGpuBuffer } from './executable.ts';
import { createFaults } from './faults.ts';
import { createKernelSet } from './kernel-set.ts';
import { baseWebGpuKernels } from './kernels/index.ts';
import { createPanelWriter } from './panel-writer.ts';
import { type CompileListener, createPipelines } from './pipelines.ts';
import { checkFormat, checkRange, createTransfer } from './transfer.ts';

export interface WebGpuBackendOptions {
  /** Kernels besides the base kernels: those of the attention variants in use. Preferred to a base kernel of their name. */
  readonly kernels?: readonly AnyWebGpuKernel[];
  /**
   * Forces the form of the kernels: tiles in workgroup memory, as GPUs like them, or in registers, as adapters that run on a
   * CPU do. Default: by the adapter.
   */
  readonly tiles?: WebGpuDevice['tiles'];
  /** Told how many shaders are compiled, of those under way and compiled since none were. Must not throw. */
  readonly onCompile?: CompileListener;
}

/** A backend, and how its device can be taken away: for tests of what follows. */
export interface WebGpuBackend {
  readonly backend: Backend;
  readonly device: GPUDevice;
}

/**
 * Creates a backend on a device of its own.
 *
 * Throws `BackendError` where there is no WebGPU (it says what to install), or for a kernel of another ABI version.
 */
export async function createWebGpuBackend(options: WebGpuBackendOptions = {}): Promise<Backend> {
  return (await openBackend(options)).backend;
}

/** As `createWebGpuBackend`, with the device. */
export async function openBackend(options: WebGpuBackendOptions = {}): Promise<WebGpuBackend> {
  const { device, name, isFallback } = await openDevice();
  try {
    const tiles = options.tiles ?? (isFallback ? 'registers' : 'workgroup');
    return { backend: await create(options, device, { name, tiles }), device };
  } catch (error) {
    device.destroy();
    throw error;
  }
}

async function create(
  options: WebGpuBackendOptions,
  device: GPUDevice,
  { name, tiles }: { readonly name: string; readonly tiles: WebGpuDevice['tiles'] },
): Promise<Backend> {
  const faults = createFaults(device);
  const memory = createDeviceMemory(device, faults);
  const pipelines = createPipelines(device, faults, options.onCompile);
  const facts = describeDevice(device, tiles);
  const kernels = createKernelSet([...(options.kernels ?? []), ...baseWebGpuKernels], facts);
  const panels = await createPanelWriter(device, memory, faults, pipelines);
  const transfer = createTransfer(device, memory, faults, panels);
  const arena = createArena(memory);
  const live = new Set<WebGpuBuffer>();
  const executables = new Set<Executable>();
  let disposed = false;

  const alive = (): void => {
    if (disposed) throw new DisposedError('webgpu backend');
  };
  const own = (buffer: DeviceBuffer): WebGpuBuffer => {
    if (live.has(buffer as WebGpuBuffer)) return buffer as WebGpuBuffer;
    throw new DisposedError('webgpu backend: buffer');
  };

  return {
    id: 'webgpu',
    description: `webgpu, ${name}, tiles in ${tiles === 'workgroup' ? 'workgroup memory' : 'registers'}`,
    threads: 1,
    matrixFormat: f32Panels8,
    supports: (call: CallDescription) => kernels.supports(call),
    allocate(type) {
      alive();
      checkFormat(type);
      faults.check('webgpu backend: allocate');
      const use = usage.storage | usage.copySource | usage.copyTarget;
      const taken = memory.create(`allocate ${describeType(type)}`, byteLength(type), use);
      const bindings = new Set<Disposable>();
      const buffer: WebGpuBuffer = {
        type,
        byteLength: taken.size,
        buffer: taken,
        bindings,
        [Symbol.dispose]() {
          if (!live.delete(buffer)) return;
          for (const binding of bindings) binding[Symbol.dispose]();
          memory.destroy(taken);
        },
      };
      live.add(buffer);
      return buffer;
    },
    write(buffer, data, offset = 0) {
      const { buffer: target, type } = own(buffer);
      checkRange('write', type, offset, data.length);
      faults.check('webgpu backend: write');
      transfer.write(target, type, data, offset);
    },
    copy(from, fromIndex, to, toIndex, count) {
      const source = own(from);
      const target = own(to);
      const entry = { ...from.type, shape: from.type.shape.slice(1) };
      if (!sameType(entry, { ...to.type, shape: to.type.shape.slice(1) })) {
        const got = `${describeType(from.type)} and ${describeType(to.type)}`;
        throw new ShapeError({ where: 'copy', expected: 'equal entries of the first axis', got });
      }
      if (from.type.format.rowMultiple !== 1) {
        const expected = 'a format in which entries lie apart';
        throw new ShapeError({ where: 'copy', expected, got: describeType(from.type) });
      }
      const size = elementCount(entry);
      checkRange('copy', from.type, fromIndex * size, count * size);
      checkRange('copy', to.type, toIndex * size, count * size);
      faults.check('webgpu backend: copy');
      const bytes = byteLength(tensorType(from.type.format, 1, ...entry.shape));
      transfer.copy(source.buffer, fromIndex * bytes, target.buffer, toIndex * bytes, count * bytes);
    },
    async download(buffer, into, offset = 0) {
      const { buffer: source, type } = own(buffer);
      checkRange('download', type, offset, into.length);
      await transfer.read(source, type, into, offset);
    },
    async settled() {
      alive();
      const where = 'webgpu backend: settled';
      await faults.during(where, device.queue.onSubmittedWorkDone());
      await faults.settle(where);
    },
    async compile(program) {
      alive();
      faults.check('webgpu backend: compile');
      const encoded = encodeProgram(program, kernels, facts);
      const compiled = await Promise.all(encoded.dispatches.map(({ shader }) => pipelines.compile(shader)));
      alive();
      const onDispose = (executable: Executable): void => void executables.delete(executable);
      const executable = createExecutable(
        { device, memory, arena, faults, own, onDispose },
        program,
        encoded,
        compiled,
      );
      executables.add(executable);
      return executable;
    },
    memory() {
      let bufferBytes = 0;
      for (const buffer of live) bufferBytes += buffer.byteLength;
      return { bufferBytes, arenaBytes: arena.bytes, reservedBytes: memory.reservedBytes };
    },
    async [Symbol.asyncDispose]() {
      if (disposed) return;
      disposed = true;
      for (const executable of executables) executable[Symbol.dispose]();
      for (const buffer of live) buffer[Symbol.dispose]();
      transfer[Symbol.dispose]();
      device.destroy();
    },
  };
}

/** The facts that kernels choose their forms by. */
function describeDevice(device: GPUDevice, tiles: WebGpuDevice['tiles']): WebGpuDevice {
  const { limits, features } = device;
  return {
    tiles,
    extensions: [...(features.has('shader-f16') ? ['f16'] : []), ...(features.has('subgroups') ? ['subgroups'] : [])],
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    workgroupSize: limits.maxComputeInvocationsPerWorkgroup,
    bindingBytes: limits.maxStorageBufferBindingSize,
  };
}
