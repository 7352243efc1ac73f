/** The WebGPU backend: base kernels and those passed in, replayed in one submission a run. */
import {
  type AnyWebGpuKernel,
  type Backend,
  BackendError,
  type CallDescription,
  type DeviceBuffer,
  DisposedError,
  type Executable,
  type WebGpuDevice,
} from '@yoco-u/spec';
import { byteLength, checkCopy, checkRange, describeType, f16Panels8 } from '@yoco-u/tensor';
import { type AdapterFacts, openDevice } from './adapter.ts';
import { createArena } from './arena.ts';
import { createCounts } from './counts.ts';
import { createDeviceMemory, usage } from './device-memory.ts';
import { createDeviceQueue } from './device-queue.ts';
import { encodeProgram } from './encode.ts';
import { createExecutable, type WebGpuBuffer } from './executable.ts';
import { createFaults } from './faults.ts';
import { createKernelSet } from './kernel-set.ts';
import { baseWebGpuKernels } from './kernels/index.ts';
import { createPanelWriter } from './panel-writer.ts';
import { type CompileListener, createPipelines } from './pipelines.ts';
import { firstProblem, type SelfTest, testProducts } from './self-test.ts';
import { checkFormat, createTransfer } from './transfer.ts';
import { type Variant, variantsFor } from './variants.ts';

export interface WebGpuBackendOptions {
  /** Kernels besides the base kernels: those of the attention variants in use. Preferred to a base kernel of their name. */
  readonly kernels?: readonly AnyWebGpuKernel[];
  /**
   * Forces the form of the kernels, by parts joined with '-': tiles in `workgroup` memory, as GPUs like them, with `subgroups` as well, or in
   * `registers`, as adapters that run on a CPU do; matrices as `f32`, or as `f16`, which is never chosen by itself; values of a run as
   * `immediates` or `uniforms`. Default: what suits the adapter and passes a self-test. `description` says which it is.
   */
  readonly variant?: string;
  /** What else a form must compute rightly before it is used: attention, say. */
  readonly selfTest?: SelfTest;
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
 * Throws `BackendError` where there is no WebGPU (it says what to install), for a variant that the device does not have or that fails
 * its self-test, and for a kernel of another ABI version.
 */
export async function createWebGpuBackend(options: WebGpuBackendOptions = {}): Promise<Backend> {
  return (await openBackend(options)).backend;
}

/** As `createWebGpuBackend`, with the device. `restrict` changes what is known of it: for tests of poorer devices. */
export async function openBackend(
  options: WebGpuBackendOptions = {},
  restrict: (facts: AdapterFacts) => AdapterFacts = (facts) => facts,
): Promise<WebGpuBackend> {
  const opened = await openDevice();
  const { device } = opened;
  try {
    const backend = await openVariant(options, device, restrict(opened.facts));
    const close = async (): Promise<void> => {
      await backend[Symbol.asyncDispose]();
      device.destroy();
    };
    return { backend: { ...backend, [Symbol.asyncDispose]: close }, device };
  } catch (error) {
    device.destroy();
    throw error;
  }
}

/** The first variant that passes its self-test. */
async function openVariant(options: WebGpuBackendOptions, device: GPUDevice, facts: AdapterFacts): Promise<Backend> {
  const tests = [testProducts, ...(options.selfTest === undefined ? [] : [options.selfTest])];
  const failures: string[] = [];
  for (const variant of variantsFor(facts, options.variant)) {
    const backend = await create(options, device, facts, variant);
    const problem = await firstProblem(backend, tests, variant.tolerance);
    if (problem === undefined) {
      const description = [backend.description, ...failures].join('; ');
      return { ...backend, description };
    }
    failures.push(`not ${variant.name}, which fails its self-test: ${problem}`);
    await backend[Symbol.asyncDispose]();
  }
  throw new BackendError({
    where: 'createWebGpuBackend',
    expected: `a variant that passes its self-test on ${facts.name}`,
    got: failures.join('; '),
    fix: 'update the graphics driver, or use the wasm backend',
  });
}

/** A backend on a device that stays the caller's. */
async function create(
  options: WebGpuBackendOptions,
  device: GPUDevice,
  facts: AdapterFacts,
  variant: Variant,
): Promise<Backend> {
  const faults = createFaults(device);
  const counts = createCounts();
  const queue = createDeviceQueue(device, faults, counts);
  const memory = createDeviceMemory({ device, faults, queue, counts }, facts.bindingBytes);
  const immediateBytes = variant.immediates ? facts.immediateBytes : 0;
  const pipelines = createPipelines(device, faults, counts, immediateBytes, options.onCompile);
  const described = describeDevice(facts, variant);
  const kernels = createKernelSet([...(options.kernels ?? []), ...baseWebGpuKernels], described);
  const panels = await createPanelWriter(
    { device, queue, memory, counts },
    pipelines,
    variant.matrixFormat === f16Panels8,
  );
  const transfer = createTransfer({ queue, memory, faults, counts, panels });
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
    description: `webgpu, ${facts.name}, ${variant.name}`,
    threads: 1,
    matrixFormat: variant.matrixFormat,
    supports: (call: CallDescription) => kernels.supports(call),
    allocate(type) {
      alive();
      checkFormat(type, variant.matrixFormat);
      faults.check('webgpu backend: allocate');
      const use = usage.storage | usage.copySource | usage.copyTarget;
      const isMatrix = type.format.rowMultiple !== 1;
      const taken = memory.create(`allocate ${describeType(type)}`, byteLength(type), use, isMatrix);
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
      const bytes = byteLength(checkCopy(from.type, fromIndex, to.type, toIndex, count));
      faults.check('webgpu backend: copy');
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
      queue.submit();
      await faults.during(where, device.queue.onSubmittedWorkDone());
      await faults.settle(where);
    },
    async compile(program) {
      alive();
      faults.check('webgpu backend: compile');
      const encoded = encodeProgram(program, kernels, described);
      const compiled = await Promise.all(encoded.dispatches.map(({ shader }) => pipelines.compile(shader)));
      alive();
      const { version } = arena;
      const onDispose = (executable: Executable): void => void executables.delete(executable);
      const executable = createExecutable(
        { device, queue, memory, arena, faults, counts, own, onDispose },
        program,
        encoded,
        compiled,
      );
      executables.add(executable);
      if (arena.version === version) return executable;
      try {
        await faults.settle('webgpu backend: compile');
        return executable;
      } catch (error) {
        executable[Symbol.dispose]();
        // else the others would go on in pages that are not there
        if (executables.size > 0) arena.renew();
        throw error;
      }
    },
    memory() {
      let bufferBytes = 0;
      for (const buffer of live) bufferBytes += buffer.byteLength;
      return { bufferBytes, arenaBytes: arena.bytes, reservedBytes: memory.reservedBytes };
    },
    counts: () => ({ ...counts }),
    async [Symbol.asyncDispose]() {
      if (disposed) return;
      disposed = true;
      for (const executable of executables) executable[Symbol.dispose]();
      for (const buffer of live) buffer[Symbol.dispose]();
      transfer[Symbol.dispose]();
    },
  };
}

/** What kernels choose their forms by. */
function describeDevice(
  { extensions: all, workgroupBytes, workgroupSize, bindingBytes }: AdapterFacts,
  { tiles, subgroups }: Variant,
): WebGpuDevice {
  const extensions = all.filter((extension) => subgroups || extension !== 'subgroups');
  return { tiles, extensions, workgroupBytes, workgroupSize, bindingBytes };
}
