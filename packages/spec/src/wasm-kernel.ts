/**
 * A kernel's implementation in WebAssembly, handed to the WASM backend by value. `docs/writing-a-kernel.md` has a whole one,
 * and how to compile it.
 */
import type { CallDescription } from './backend.ts';
import type { Params, Value } from './program.ts';

/**
 * A module that the backend's threads share one memory with. It imports `env.memory` and nothing else; the import's limits
 * and its shared flag are rewritten to suit. It has no data segment, no start function (what an allocator needs), and keeps
 * no address from call to call: addresses change between runs.
 *
 * Every thread has an instance of its own, for as long as the backend lives: globals differ, memory is shared. A mutable
 * exported global `__stack_pointer` (compilers of C) is set to the top of a stack of 64 KiB, one a thread.
 */
export interface WasmModuleSource {
  /** For messages. */
  readonly name: string;
  /** Bytes of the module that uses relaxed SIMD. Absent: `baseline` is used everywhere. */
  readonly relaxed?: () => Uint8Array<ArrayBuffer>;
  /** Bytes of the module for engines without it. */
  readonly baseline: () => Uint8Array<ArrayBuffer>;
}

/**
 * One word of a kernel's arguments: an i32 (an integer from -2^31 to 2^32 - 1), an f32, or the address of a 4-byte cell that
 * holds a value which may change from run to run. Cells are shared: a kernel must not write to them.
 *
 * `most` is the largest value that the tensors have room for, such as their rows: a larger one is refused, in the program or when it
 * runs. Say it of whatever decides how far a kernel writes: what it wrote beyond would be another tensor.
 */
export type WasmWord =
  | number
  | { readonly f32: number }
  | { readonly cell: Value; readonly type: 'i32' | 'f32'; readonly most?: number };

/**
 * How one kernel runs in WebAssembly, ABI version 1.
 *
 * **Phases.** Each is an export `f(arguments: i32, thread: i32, threads: i32)` without a result. It is called once for every
 * `thread` below `threads`, all with the same arguments; the kernel shares its outputs out among them. One thread of the machine
 * may make several of these calls, in any order. The backend awaits all of them before the next phase:
 * a kernel needs no barrier and holds none. What one phase wrote, all threads see in the next.
 *
 * **Arguments.** A block of 4-byte words at a multiple of 64 bytes:
 *
 *   0 ABI version · 1 workspace address · 2 workspace bytes · 3 address of the program's scalars (`Scalar.index` words on) ·
 *   from 4 on the address of each input, then of each output · then the words of `encode`.
 *
 * Addresses are unsigned: memory may reach 4 GiB.
 *
 * **Tensors** lie at multiples of 64 bytes, in the format that their type names: row-major elements of 4 bytes, but for parameters
 * of use `matrix`, which may be in a format of the backend's own: `linear` and `embedding` read them. Outputs are undefined at
 * first. Nothing beyond the dynamic extents (rows, segments) may be read or written.
 *
 * `select`, `encode`, `workspace` and `serial` are pure functions of the types and params, asked when a program is compiled
 * and not when it runs. What they throw comes out as a `BackendError` that names kernel and module.
 */
export interface WasmKernel<P extends Params = Params> {
  /** Version of the ABI above that the module was written for. */
  readonly abi: 1;
  /** Name of the `KernelSpec` it implements. */
  readonly kernel: string;
  readonly module: WasmModuleSource;
  /** Exports run one after the other. */
  readonly phases: readonly string[];
  /**
   * True, or the reason why it cannot run this call. Absent: every call. Of several kernels of one name the first that says true
   * is taken: those passed to the backend in their order, then its own.
   */
  select?(call: CallDescription<P>): true | string;
  encode(call: CallDescription<P>): readonly WasmWord[];
  /**
   * Bytes of scratch memory: one area for the whole call, at a multiple of 64 bytes, shared out among the threads by the kernel.
   * Undefined at the first phase, kept from phase to phase of one call and no longer. `threads` are the backend's, `serial` or not.
   */
  workspace?(call: CallDescription<P>, threads: number): number;
  /**
   * True when a call is so small that only thread 0 runs it, as (arguments, 0, 1). Types hold the maximal extents: a run may have
   * fewer rows.
   */
  serial?(call: CallDescription<P>): boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: params are an open set; a list of kernels cannot name them
export type AnyWasmKernel = WasmKernel<any>;
