/**
 * A program: a list of kernel calls recorded once and replayed many times. Plain data, structured-cloneable; kernels are
 * referred to by name.
 */
import type { TensorType } from './tensor-type.ts';

/** A tensor of one graph or program: an id with a type. Nothing to dispose. */
export interface Tensor {
  readonly id: number;
  readonly type: TensorType;
}

/** A number given anew to every run, usable wherever a kernel's params take a `Value`. */
export interface Scalar {
  /** Name under which `run` receives it. */
  readonly scalar: string;
  readonly type: 'i32' | 'f32';
  /** Place in the program's scalar block. */
  readonly index: number;
}

/** A number known when recording, or a scalar known when running. */
export type Value = number | Scalar;

/**
 * Who owns a tensor's memory. `parameter`, `state` and `input` are bound by name and outlive a run; `output` is bound by
 * name and written by a run; `temporary` lives in the arena, only during a run.
 */
export type TensorRole = 'parameter' | 'state' | 'input' | 'output' | 'temporary';

export interface TensorDeclaration {
  readonly role: TensorRole;
  /** Unique among the bound tensors of the program; for a temporary its label, or empty. */
  readonly name: string;
  readonly type: TensorType;
}

/** Params of a call: plain data, may hold `Scalar`s at its top level. */
export type Params = object;

export interface ProgramCall {
  readonly kernel: string;
  /** Indices into `Program.tensors`. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly params: Params;
  /** Positions in `inputs` that the call updates in place (states only). */
  readonly updates: readonly number[];
  /** The same in other kernels, for backends that lack this one. Its temporaries are among `Program.tensors`. */
  readonly expansion?: readonly ProgramCall[];
}

/** Every temporary and output is written by one call, before any call reads it. */
export interface Program {
  /** Indexed by tensor id. */
  readonly tensors: readonly TensorDeclaration[];
  readonly scalars: readonly Scalar[];
  /** In execution order. */
  readonly calls: readonly ProgramCall[];
}
