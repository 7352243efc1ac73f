/** A kernel's implementation in WGSL, handed to the WebGPU backend by value. */
import type { CallDescription } from './backend.ts';
import type { Params, Value } from './program.ts';

/** What forms of kernels may depend on. Plain data, the same for all calls of a backend. */
export interface WebGpuDevice {
  /**
   * How loops over tiles are best written. `workgroup`: shared through workgroup memory, barriers are cheap. `registers`: many
   * outputs an invocation and no barriers, for adapters that run on a CPU, where every barrier costs more than it saves.
   */
  readonly tiles: 'workgroup' | 'registers';
  /** WGSL extensions that texts may enable here: `f16` where the device has it, `subgroups` where the variant in use takes them. */
  readonly extensions: readonly string[];
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
  /** Invocations of a workgroup. */
  readonly workgroupSize: number;
  /** Bytes that one binding may span. */
  readonly bindingBytes: number;
}

/** Element of a binding's runtime-sized array. */
export type WebGpuElement =
  | 'f16'
  | 'vec2h'
  | 'vec4h'
  | 'f32'
  | 'i32'
  | 'u32'
  | 'vec2f'
  | 'vec4f'
  | 'vec2i'
  | 'vec4i'
  | 'vec2u'
  | 'vec4u'
  | 'atomic<i32>'
  | 'atomic<u32>';

/**
 * Memory that a dispatch reads or writes: an input or an output of the call by its position, or scratch memory by a name of the
 * kernel's. `element` defaults to the tensor's own, `f32` or `i32`; vectors of four need rows that are multiples of four.
 *
 * Scratch of one name is the same memory in all dispatches of a call (take the same `bytes` everywhere): undefined before the
 * first that writes it, gone after the call.
 *
 * `range` binds a part of an input's storage: `offset` is a multiple of 256 bytes.
 */
export type WebGpuBinding =
  | {
      readonly input: number;
      readonly element?: WebGpuElement;
      readonly range?: { readonly offset: number; readonly bytes: number };
    }
  | { readonly output: number; readonly element?: WebGpuElement }
  | { readonly scratch: string; readonly bytes: number; readonly element: WebGpuElement };

/** One word of a dispatch's uniforms: a constant, or a scalar whose value may change from run to run. */
export type WebGpuWord = { readonly i32: Value } | { readonly f32: Value };

/** One compute dispatch of a call. */
export interface WebGpuDispatch {
  /**
   * WGSL with one entry point, `fn main`. The backend declares in front of it, so that the text does not:
   *
   *   enable …;                                             every one of `extensions`
   *   struct Params { rows: i32, … }
   *   @group(0) @binding(0) var<uniform> params: Params;    every one of `uniforms`, in order; nothing where there is none
   *   @group(0) @binding(1) var<storage, read> x: array<f32>;    every one of `bindings`, in order
   *
   * Inputs are `read`; outputs, scratch and inputs that the call updates are `read_write`, in every dispatch. A tensor that is
   * `read_write` may be bound once a dispatch. At most 8 bindings.
   *
   * Pipelines are shared by all dispatches of equal text, declarations included: put shapes into uniforms, and into the text only
   * what a loop must know to be fast.
   */
  readonly code: string;
  /** WGSL extensions to enable; only those of `WebGpuDevice.extensions`. */
  readonly extensions?: readonly string[];
  /** By their names in the text, which must not be reserved words of WGSL, `main`, `params` or `Params`. */
  readonly bindings: Readonly<Record<string, WebGpuBinding>>;
  /** By their names in the text: `params.rows`. */
  readonly uniforms?: Readonly<Record<string, WebGpuWord>>;
  /**
   * Workgroups along x, y and z, asked before every run: `value` gives the number behind a value in this run. 0 skips the
   * dispatch. At most 65535 along an axis: where there may be more, let invocations stride.
   */
  workgroups(value: (of: Value) => number): readonly [x: number, y?: number, z?: number];
}

/**
 * How one kernel runs on WebGPU, ABI version 1: dispatches one after the other, each of which sees what those before it wrote.
 *
 * **Tensors** are row-major, 4 bytes an element, but for parameters of use `matrix`, which may be in a format of the backend's own:
 * `linear` and `embedding` read them. Every binding spans the whole tensor, rounded up to 16 bytes; `arrayLength` may count more
 * than there are elements. Outputs are undefined at first. Nothing beyond the dynamic extents (rows, segments) may be read or
 * written. The same inputs give the same bits: no floating-point atomics, sums in a fixed order.
 *
 * `log(0)`, infinities and NaN are not to be relied on in WGSL: compilers assume that they do not occur. Masks are large finite
 * numbers or branches.
 *
 * `select` and `dispatches` are pure functions of the types, the params and the device, asked when a program is compiled. What
 * they throw comes out as a `BackendError` that names the kernel.
 */
export interface WebGpuKernel<P extends Params = Params> {
  /** Version of the interface above that the kernel was written for. */
  readonly abi: 1;
  /** Name of the `KernelSpec` it implements. */
  readonly kernel: string;
  /**
   * Inputs that it binds in ranges where they are larger than `WebGpuDevice.bindingBytes`. Calls with any other tensor that large
   * are not offered to it.
   */
  readonly splits?: readonly number[];
  /**
   * True, or the reason why it cannot run this call. Absent: every call. Of several kernels of one name the first that says true
   * is taken: those passed to the backend in their order, then its own.
   */
  select?(call: CallDescription<P>, device: WebGpuDevice): true | string;
  dispatches(call: CallDescription<P>, device: WebGpuDevice): readonly WebGpuDispatch[];
}

// biome-ignore lint/suspicious/noExplicitAny: params are an open set; a list of kernels cannot name them
export type AnyWebGpuKernel = WebGpuKernel<any>;
