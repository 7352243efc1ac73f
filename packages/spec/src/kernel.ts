/** What a kernel is, independently of any device. */
import type { Params, Program, Scalar, Tensor, Value } from './program.ts';
import type { NumberArray, TensorType } from './tensor-type.ts';

/** Work of one call at its maximal extents. */
export interface Cost {
  /** Floating-point operations; a fused multiply-add counts two. */
  readonly flops: number;
  /** Bytes that must be read and written at least once. */
  readonly bytes: number;
}

/** One execution on the reference backend. Arrays are logical and row-major whatever the storage format. */
export interface ReferenceCall<P extends Params = Params> {
  readonly inputs: readonly NumberArray[];
  readonly outputs: readonly NumberArray[];
  readonly inputTypes: readonly TensorType[];
  readonly outputTypes: readonly TensorType[];
  readonly params: P;
  /** The number behind a value in this run. */
  value(value: Value): number;
}

export interface RecordedCall<P extends Params = Params> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly params: P;
}

/**
 * A named, coarse operation: its types, its cost, its meaning in plain TypeScript and, where it has one, its gradient.
 * A device brings its own implementation under the same name.
 */
export interface KernelSpec<P extends Params = Params> {
  /** `snake_case`; attention kernels `attention.<variant>`, gradients `<name>_backward`. Unique in a backend. */
  readonly name: string;
  /** Positions of inputs updated in place. They must be states. */
  readonly updates?: readonly number[];
  /** Types of the outputs. Throws `ShapeError` when the inputs do not fit. */
  infer(inputs: readonly TensorType[], params: P): readonly TensorType[];
  cost(inputs: readonly TensorType[], params: P): Cost;
  /** The definition. Must not read or write rows beyond the dynamic extents. */
  reference(call: ReferenceCall<P>): void;
  /**
   * Records the same in other kernels, and returns the outputs: what backends run that lack this kernel, and what gradients flow
   * through where it has no `backward`. Each output is the result of a call recorded here, of the type that `infer` gives.
   */
  expand?(graph: Graph, inputs: readonly Tensor[], params: P): readonly Tensor[];
  /**
   * Records the gradient of each input, given those of the outputs (undefined where none flows). Returns one entry an
   * input, undefined for inputs without a gradient (ids, tables).
   *
   * Where `accumulators` has a state for an input, the kernel may record an addition to it in place and return that state;
   * if it returns another tensor, the recorder adds it up.
   */
  backward?(
    graph: Graph,
    call: RecordedCall<P>,
    gradients: readonly (Tensor | undefined)[],
    accumulators: readonly (Tensor | undefined)[],
  ): readonly (Tensor | undefined)[];
}

/** A kernel of any params: for lists and registries, which hand a call's params back to the kernel they came from. */
// biome-ignore lint/suspicious/noExplicitAny: params are an open set; a list of kernels cannot name them
export type AnyKernel = KernelSpec<any>;

/** Records a program. Single use: after `build` it accepts nothing more. */
export interface Graph {
  /** Declares a tensor that is bound by name. The same name twice is an error. */
  declare(role: 'parameter' | 'state' | 'input', name: string, type: TensorType): Tensor;
  /** Declares a scalar; the same name and type again returns the same scalar. */
  scalar(name: string, type: 'i32' | 'f32'): Scalar;
  /** Appends a call and returns its outputs. Throws `ShapeError` when the inputs do not fit. */
  call<P extends Params>(kernel: KernelSpec<P>, inputs: readonly Tensor[], params: P): readonly Tensor[];
  /** Names an intermediate for the printer and for lenses, e.g. `stage.0.iteration.2.output`. */
  label(tensor: Tensor, name: string): void;
  /**
   * Records the gradients of a one-element loss with respect to every parameter it depends on, and every key of
   * `accumulators`: a parameter, or a state that no call before updates. Where a tensor has a state in `accumulators`, its
   * gradient is added to that state: over several uses of a looped weight, and over several runs.
   */
  backward(loss: Tensor, accumulators?: ReadonlyMap<Tensor, Tensor>): ReadonlyMap<Tensor, Tensor>;
  /**
   * Records what `record` records, and lets `backward` record it again instead of keeping its intermediates: less memory, more
   * work. What is used outside stays. Not to be nested, and no call in it may update a state.
   */
  recompute<T>(record: () => T): T;
  /** Ends the recording. Calls that neither reach an output nor update a state are dropped. */
  build(outputs: Readonly<Record<string, Tensor>>): Program;
}
