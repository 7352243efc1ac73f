/** A compiled program, and its bindings to buffers. */
import {
  BackendError,
  type Binding,
  type DeviceBuffer,
  DisposedError,
  type Executable,
  type Program,
  type ScalarValues,
  type Value,
} from '@yoco-u/spec';
import { type ArenaPlan, byteLength, checkBuffers, isScalar, planArena, scalarValue } from '@yoco-u/tensor';
import type { Arena } from './arena.ts';
import type { Counts } from './counts.ts';
import { type DeviceMemory, paddedBytes, usage } from './device-memory.ts';
import type { DeviceQueue } from './device-queue.ts';
import type { EncodedDispatch, EncodedProgram } from './encode.ts';
import type { Faults } from './faults.ts';
import { ask, whereOf } from './kernel-set.ts';
import type { Pipeline } from './pipelines.ts';

/** A buffer of this backend. */
export interface WebGpuBuffer extends DeviceBuffer {
  readonly buffer: GPUBuffer;
  /** Bindings that use it: they end with it. */
  readonly bindings: Set<Disposable>;
}

export interface ExecutableContext {
  readonly device: GPUDevice;
  readonly queue: DeviceQueue;
  readonly memory: DeviceMemory;
  readonly arena: Arena;
  readonly faults: Faults;
  readonly counts: Counts;
  /** The buffer as this backend's own. Throws `DisposedError` for one that is not alive. */
  own(buffer: DeviceBuffer): WebGpuBuffer;
  /** Called when it is disposed. */
  onDispose(executable: Executable): void;
}

/** The most workgroups of a dispatch along an axis, on every device. */
const mostWorkgroups = 65535;

export function createExecutable(
  context: ExecutableContext,
  given: Program,
  encoded: EncodedProgram,
  pipelines: readonly Pipeline[],
): Executable {
  const { program } = encoded;
  const { device, memory, arena } = context;
  const plan = planArena(program, {
    alignment: device.limits.minStorageBufferOffsetAlignment,
    separate: true,
    mostPageBytes: memory.mostBytes,
    scratch: encoded.scratch,
  });
  const key = Symbol('executable');
  const uniforms = createUniforms(context, encoded, pipelines);
  try {
    arena.join(key, plan.pageBytes);
  } catch (error) {
    uniforms[Symbol.dispose]();
    throw error;
  }
  const bindings = new Set<Binding>();
  let disposed = false;
  const executable: Executable = {
    program: given,
    arenaBytes: plan.bytes,
    dispatches: (values) => countAll(encoded, values).filter((count) => count !== undefined).length,
    bind(buffers) {
      if (disposed) throw new DisposedError('executable');
      checkBuffers(program, buffers);
      const owned = program.tensors.map(({ role, name }) =>
        role === 'temporary' ? undefined : context.own(buffers[name]!),
      );
      const binding = bind(context, { encoded, pipelines, plan, uniforms }, owned, () => bindings.delete(binding));
      bindings.add(binding);
      return binding;
    },
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      for (const binding of bindings) binding[Symbol.dispose]();
      uniforms[Symbol.dispose]();
      arena.leave(key);
      context.onDispose(executable);
    },
  };
  return executable;
}

interface Compiled {
  readonly encoded: EncodedProgram;
  readonly pipelines: readonly Pipeline[];
  readonly plan: ArenaPlan;
  readonly uniforms: Uniforms;
}

function bind(
  context: ExecutableContext,
  compiled: Compiled,
  owned: readonly (WebGpuBuffer | undefined)[],
  onDispose: () => void,
): Binding {
  const { queue, arena, faults, counts } = context;
  const { encoded, pipelines, uniforms } = compiled;
  const where = 'webgpu backend: run';
  let groups: readonly GPUBindGroup[] = [];
  let groupsVersion = -1;
  const bindGroups = (): void => {
    if (groupsVersion === arena.version) return;
    groups = faults.watch('webgpu backend: bind', () => createGroups(context, compiled, owned));
    groupsVersion = arena.version;
  };
  faults.check('webgpu backend: bind');
  bindGroups();
  let disposed = false;
  const binding: Binding = {
    run(values?: ScalarValues) {
      if (disposed) throw new DisposedError('binding (or a buffer of it)');
      faults.check(where);
      const workgroups = countAll(encoded, values);
      bindGroups();
      void queue.record(where, (encoder) => {
        uniforms.write(valueIn(values));
        let slot: number | undefined;
        const pass = encoder.beginComputePass();
        let current: GPUComputePipeline | undefined;
        workgroups.forEach((count, index) => {
          if (count === undefined) return;
          const { pipeline, immediates } = pipelines[index]!;
          if (pipeline !== current) pass.setPipeline(pipeline);
          current = pipeline;
          const { uniforms: words } = encoded.dispatches[index]!;
          // they stay set from dispatch to dispatch
          if (immediates && words !== undefined && words.slot !== slot) {
            uniforms.set(pass, words);
            slot = words.slot;
          }
          pass.setBindGroup(0, groups[index]!);
          pass.dispatchWorkgroups(...count);
          counts.dispatches++;
        });
        pass.end();
      });
    },
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      for (const buffer of owned) buffer?.bindings.delete(binding);
      groups = [];
      onDispose();
    },
  };
  for (const buffer of owned) buffer?.bindings.add(binding);
  return binding;
}

function createGroups(
  { device, arena, counts }: ExecutableContext,
  { encoded, pipelines, plan, uniforms }: Compiled,
  owned: readonly (WebGpuBuffer | undefined)[],
): GPUBindGroup[] {
  const rangeOf = (page: number, offset: number, bytes: number): GPUBufferBinding => ({
    buffer: arena.page(page),
    offset,
    size: paddedBytes(bytes),
  });
  return encoded.dispatches.map((dispatch, index) => {
    const resources = dispatch.bound.map((bound): GPUBufferBinding => {
      if (!('tensor' in bound)) {
        const { page, offset } = plan.scratch[bound.call]![bound.area]!;
        return rangeOf(page, offset, encoded.scratch[bound.call]![bound.area]!);
      }
      const { tensor, range } = bound;
      const own = owned[tensor];
      if (own !== undefined) {
        return range === undefined
          ? { buffer: own.buffer }
          : { buffer: own.buffer, offset: range.offset, size: paddedBytes(range.bytes) };
      }
      return rangeOf(plan.pages[tensor]!, plan.offsets[tensor]!, byteLength(encoded.program.tensors[tensor]!.type));
    });
    counts.bindGroups++;
    const words = pipelines[index]!.immediates ? undefined : uniforms.binding(dispatch);
    return device.createBindGroup({
      layout: pipelines[index]!.layout,
      entries: [
        ...(words === undefined ? [] : [{ binding: 0, resource: words }]),
        ...resources.map((resource, at) => ({ binding: at + 1, resource })),
      ],
    });
  });
}

const valueIn =
  (values: ScalarValues | undefined) =>
  (of: Value): number =>
    isScalar(of) ? scalarValue(of, values) : of;

/** Workgroups of every dispatch in a run with these values; undefined where there are none. */
function countAll(
  { program, dispatches }: EncodedProgram,
  values: ScalarValues | undefined,
): readonly (readonly [number, number, number] | undefined)[] {
  const value = valueIn(values);
  for (const scalar of program.scalars) value(scalar);
  return dispatches.map((dispatch) => countsOf(dispatch, value));
}

function countsOf(
  dispatch: EncodedDispatch,
  value: (of: Value) => number,
): readonly [number, number, number] | undefined {
  const { kernel, workgroups } = dispatch;
  const [x, y = 1, z = 1] = ask(kernel, 'workgroups', () => workgroups(value));
  const counts = [x, y, z] as const;
  for (const count of counts) {
    if (Number.isInteger(count) && count >= 0 && count <= mostWorkgroups) continue;
    const expected = `integers from 0 to ${mostWorkgroups}`;
    throw new BackendError({ where: `${whereOf(kernel)}: workgroups`, expected, got: counts.join(', ') });
  }
  return counts.includes(0) ? undefined : counts;
}

/** The values of a program, a slot for each set of words: in one block, and in a buffer of uniforms where a pipeline wants that. */
interface Uniforms extends Disposable {
  /** To be called before every run. */
  write(value: (of: Value) => number): void;
  /** Sets a slot as immediates. */
  set(pass: GPUComputePassEncoder, uniforms: NonNullable<EncodedDispatch['uniforms']>): void;
  binding(dispatch: EncodedDispatch): GPUBufferBinding | undefined;
}

function createUniforms(
  { device, queue, memory }: ExecutableContext,
  { program, slots, dispatches }: EncodedProgram,
  pipelines: readonly Pipeline[],
): Uniforms {
  const alignment = device.limits.minUniformBufferOffsetAlignment;
  const starts: number[] = [];
  let bytes = 0;
  for (const words of slots) {
    starts.push(bytes);
    bytes += Math.ceil((4 * words.length) / alignment) * alignment;
  }
  const isBuffered = dispatches.some(({ uniforms }, index) => uniforms !== undefined && !pipelines[index]!.immediates);
  const buffer = isBuffered ? memory.create('uniforms', bytes, usage.uniform | usage.copyTarget) : undefined;
  const block = new DataView(new ArrayBuffer(bytes));
  const put = (at: number, type: 'i32' | 'f32', number: number): void => {
    if (type === 'i32') block.setInt32(at, number, true);
    else block.setFloat32(at, number, true);
  };
  const moving: { readonly at: number; readonly type: 'i32' | 'f32'; readonly value: Value }[] = [];
  slots.forEach((words, slot) => {
    words.forEach(({ type, value }, word) => {
      const at = starts[slot]! + 4 * word;
      if (isScalar(value)) moving.push({ at, type, value });
      else put(at, type, value);
    });
  });
  let written = false;
  return {
    write(value) {
      if (written && (moving.length === 0 || program.scalars.length === 0)) return;
      for (const { at, type, value: of } of moving) put(at, type, value(of));
      if (buffer !== undefined) queue.write(buffer, 0, block.buffer);
      written = true;
    },
    set: (pass, { slot, words }) => pass.setImmediates(0, block.buffer, starts[slot]!, 4 * words),
    binding({ uniforms }) {
      if (uniforms === undefined || buffer === undefined) return undefined;
      return { buffer, offset: starts[uniforms.slot]!, size: 4 * uniforms.words };
    },
    [Symbol.dispose]() {
      if (buffer !== undefined) memory.destroy(buffer);
    },
  };
}
