/** A device that compiles programs and replays them. */
import type { Params, Program } from './program.ts';
import type { NumberArray, StorageFormat, TensorType } from './tensor-type.ts';

/** Memory on a device that holds one tensor. Belongs to the backend that made it; freed by dispose. */
export interface DeviceBuffer extends Disposable {
  readonly type: TensorType;
  /** Bytes taken on the device, padding included. */
  readonly byteLength: number;
}

/** A call as a backend judges it. */
export interface CallDescription<P extends Params = Params> {
  readonly kernel: string;
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  readonly params: P;
}

export interface MemoryUse {
  /** Bytes held by live buffers, padding included. */
  readonly bufferBytes: number;
  /** Bytes of the arena shared by the backend's executables (the largest of them). */
  readonly arenaBytes: number;
  /** Bytes reserved from the system. */
  readonly reservedBytes: number;
}

/** What a backend has asked of its device, from the start. */
export interface DeviceCounts {
  /** Messages to the device's queue that carry work. */
  readonly submissions: number;
  /** Kernels started by runs. */
  readonly dispatches: number;
  /** Read back by downloads. */
  readonly downloadedBytes: number;
  /** Objects created, disposed ones included. */
  readonly buffers: number;
  readonly bindGroups: number;
  readonly pipelines: number;
}

/** Values of a program's scalars by name. */
export type ScalarValues = Readonly<Record<string, number>>;

/**
 * A device. Whatever takes a buffer throws `DisposedError` for one that is disposed, and `ShapeError` for a range outside of it, before
 * anything changes. A backend disposes its buffers with itself; then `allocate` and `compile` throw `DisposedError`, too.
 */
export interface Backend extends AsyncDisposable {
  /** `reference`, `wasm`, `webgpu`, or a plug-in's own. For people and logs: never branch on it. */
  readonly id: string;
  /** One line for people: module, threads, adapter. */
  readonly description: string;
  /** Threads that a run uses; 1 where the notion does not apply. */
  readonly threads: number;
  /** The format this backend wants matrices in that only `linear` and `embedding` read. */
  readonly matrixFormat: StorageFormat;
  /** True, or the reason why this call cannot run here; a fused one may run in its parts all the same. */
  supports(call: CallDescription): true | string;
  /** Takes zero-filled memory. Throws `CapacityError` before taking anything if it does not fit. */
  allocate(type: TensorType): DeviceBuffer;
  /** Writes logical row-major elements, starting at element `offset` (a multiple of the last axis for packed formats). */
  write(buffer: DeviceBuffer, data: NumberArray, offset?: number): void;
  /**
   * Copies whole entries of the first axis (slots, pages) between buffers of equal formats and entry shapes. Ranges of one
   * buffer must not overlap.
   */
  copy(from: DeviceBuffer, fromIndex: number, to: DeviceBuffer, toIndex: number, count: number): void;
  /** Waits for pending runs and reads logical elements [offset, offset + into.length). */
  download(buffer: DeviceBuffer, into: NumberArray, offset?: number): Promise<void>;
  /** Waits for pending runs, and throws what failed in them: memory that ran out, a device that was lost. */
  settled(): Promise<void>;
  /**
   * Compiles a program, fused calls that it lacks in their parts. Throws `BackendError` naming the first call that it cannot run,
   * and why.
   */
  compile(program: Program): Promise<Executable>;
  memory(): MemoryUse;
  /** Absent where the device is the host itself. */
  counts?(): DeviceCounts;
}

export interface Executable extends Disposable {
  readonly program: Program;
  /** Bytes of temporaries; shared with the other executables of the backend. */
  readonly arenaBytes: number;
  /**
   * How many pieces of work one after the other a run with these values is: dispatches on a GPU, phases of kernels that threads
   * run together. Nothing is run. Throws `ShapeError` for a scalar without a value.
   */
  dispatches(values?: ScalarValues): number;
  /** Fixes a buffer for every bound name. Throws `ShapeError` for a missing, unknown or mistyped one. */
  bind(buffers: Readonly<Record<string, DeviceBuffer>>): Binding;
}

export interface Binding extends Disposable {
  /**
   * Runs the program once. Does not wait on asynchronous devices; may block its thread on others. Throws `ShapeError` for a scalar
   * without a value of its type, `DisposedError` once the executable or a buffer is disposed. What fails on an asynchronous device is
   * thrown by the next call that waits.
   */
  run(values?: ScalarValues): void;
}
