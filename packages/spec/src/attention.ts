/**
 * The door through which attention comes in: a variant brings its parameters, its state, its kernels and one `apply` for
 * training, prefill and decode. The built-in variants use exactly this door.
 */
import type { AnyKernel, Graph } from './kernel.ts';
import type { Scalar, Tensor } from './program.ts';
import type { NumberArray, TensorType } from './tensor-type.ts';
import type { AnyWasmKernel } from './wasm-kernel.ts';
import type { AnyWebGpuKernel } from './webgpu-kernel.ts';

/** The model's facts that a variant may depend on. */
export interface ModelDimensions {
  /** C */
  readonly hiddenSize: number;
  /** H */
  readonly heads: number;
  /** G */
  readonly keyValueHeads: number;
  /** D */
  readonly headDim: number;
  readonly normEps: number;
  /** Per-head norms of queries and keys. */
  readonly qkNorm: boolean;
}

export interface AttentionContext {
  readonly model: ModelDimensions;
  /** Whether the stage rotates queries and keys. */
  readonly rope: boolean;
  /** The stage as written in the config, with the variant's own keys. */
  readonly stage: Readonly<Record<string, unknown>>;
  /** For messages, e.g. `config.stages[0]`. */
  readonly where: string;
}

export interface ParameterSpec {
  /** Name below the layer's `attention.` or below the stage, without `.weight`. */
  readonly name: string;
  /** [out, in] for a matrix. */
  readonly shape: readonly number[];
  /** A matrix is read only by `linear` and `embedding`, so that a backend may keep it in its own format. */
  readonly use: 'matrix' | 'vector';
}

/** Sizes that a state may depend on. */
export interface StateCapacity {
  /** Most tokens a sequence may hold. */
  readonly contextLength: number;
  /** Tokens in one page of a growing state; a multiple of 8. */
  readonly pageLength: number;
}

/**
 * State that a variant keeps for one (iteration, layer), or for one stage. A plain tensor whose first axis is the slot
 * (`fixed`, `ring`) or the page (`append`), so that an engine copies, snapshots and saves it unaided.
 *
 * All zeros when the memory is taken, but not when a slot or page is used again: a segment at position 0 must treat its slot
 * as empty whatever it holds, and behind a sequence's last position a page may hold entries of an earlier sequence.
 */
export interface StateSpec {
  readonly name: string;
  readonly kind: 'fixed' | 'ring' | 'append';
  /** Type of one slot or one page: the tensor has one more axis in front. Sizes are integers > 0. */
  readonly entry: TensorType;
  /** Bytes that `tokens` fed tokens of one sequence need by the formula, padding left out. */
  bytesInUse(tokens: number): number;
}

/**
 * Rows of a run, grouped in segments: runs of consecutive positions of one sequence. Prefill is one segment of many rows,
 * decode many segments of one row.
 *
 * Segments ascend by first row, are disjoint, and together are exactly the rows 0 to `rows` - 1; one may have 0 rows. Entries
 * of the table from `segmentCount` on, and rows from `rows` on, are undefined: not to be read.
 *
 * With memory no two segments of fed rows are of one slot; wanted rows of a cross stage that do not follow each other are
 * several segments of one slot. Without memory a slot means nothing, and no row sees anything before its segment's first
 * row, whatever its position.
 */
export interface RowBatch {
  readonly maxRows: number;
  /** How many rows this run has. */
  readonly rows: Scalar;
  readonly maxSegments: number;
  readonly segmentCount: Scalar;
  /** Most tokens that a sequence of this run holds, its rows of this run included: how far attention reaches at most. */
  readonly longest: Scalar;
  /** i32 [maxSegments, 4]: first row · number of rows · slot · position of the first row (tokens stored before it). */
  readonly segments: Tensor;
  /** f32 [maxRows, D]: cosines then sines of each row's position; undefined where no stage of the model rotates. */
  readonly rotation: Tensor | undefined;
}

/** What `apply` and `prepare` have at hand. */
export interface AttentionScope {
  readonly batch: RowBatch;
  /**
   * A parameter declared by the variant: of its layer in `apply` (`parameters`), of its stage in `prepare` (`stageParameters`).
   * Throws `ShapeError` naming what is declared for any other name.
   */
  parameter(name: string): Tensor;
  /**
   * A state declared by the variant: of (iteration, layer) in `apply` (`state`), of its stage in `prepare` (`stageState`).
   * Undefined in a program without memory (training, scoring in one piece). Throws `ShapeError` naming what is declared for
   * any other name, with memory and without.
   */
  state(name: string): Tensor | undefined;
  /**
   * i32 [slots, pages a sequence]: entry [slot, floor(position / pageLength)] is the page that holds a position, mapped up to the
   * last row of this run. Pages of a sequence may lie in any order. Undefined in a program without memory.
   */
  readonly pageTable: Tensor | undefined;
  /** Names an intermediate of the layer (in `prepare`: of the stage), for programs that look inside. Changes nothing else. */
  label(tensor: Tensor, name: string): void;
}

/** How a variant shows where a head looks. */
export interface AttentionLens<C = unknown> {
  /** What the weights say: how much a head takes of each row, or how much of each row its memory still holds. */
  readonly kind: 'taken' | 'held';
  /** Names that `apply` labels in programs without memory: what `weights` needs to know of the layer. */
  readonly layer: readonly string[];
  /** Names that `prepare` labels: what it needs to know of the stage. */
  readonly stage: readonly string[];
  /**
   * Weights of one query head, for one sequence of `rows` tokens: f32 [rows, rows], row i over the rows up to i, 0 for others.
   * What is taken has the sum 1; what is held is at most 1 of each row. `intermediates` holds the labelled tensors, [rows, width]
   * each.
   */
  weights(
    config: C,
    intermediates: Readonly<Record<string, NumberArray>>,
    rows: number,
    head: number,
  ): Float32Array<ArrayBuffer>;
}

/** Cost by formula, spec section 4. */
export interface AttentionCost {
  /** FLOPs a token for one layer application, a mean over a sequence of `tokens`. */
  readonly layer: number;
  /** FLOPs a token for the stage's shared part. */
  readonly stage: number;
}

/**
 * `C` is the parsed configuration, `Shared` what `prepare` computes once a stage for all its layers.
 *
 * Self variants see all rows of the batch. Cross variants `prepare` on all rows; `apply` then sees only rows whose results
 * are wanted, as a batch of their own.
 */
export interface AttentionVariant<C = unknown, Shared = unknown> {
  /** Version of this interface that the variant was written for. */
  readonly specVersion: 1;
  /** As written in the config. One variant a stage and name in a registry. */
  readonly name: string;
  readonly stage: 'self' | 'cross';
  /** Every kernel that `apply` and `prepare` may record, gradients included, besides the base kernels; for reference backends. */
  readonly kernels: readonly AnyKernel[];
  /** Stage keys that this variant reads. */
  readonly stageKeys: readonly string[];
  /** Throws `ConfigError` naming the key. */
  parse(context: AttentionContext): C;
  /** Parameters of one layer. */
  parameters(config: C): readonly ParameterSpec[];
  /** States of one (iteration, layer). */
  state(config: C, capacity: StateCapacity): readonly StateSpec[];
  /** Parameters that the stage's layers share. */
  stageParameters?(config: C): readonly ParameterSpec[];
  /** States that the stage's layers share. */
  stageState?(config: C, capacity: StateCapacity): readonly StateSpec[];
  /** Runs once a stage on its un-normed input [maxRows, C]. */
  prepare?(graph: Graph, config: C, input: Tensor, scope: AttentionScope): Shared;
  /** Normed input [maxRows, C] → output [maxRows, C], without the residual. */
  apply(graph: Graph, config: C, input: Tensor, scope: AttentionScope, shared: Shared | undefined): Tensor;
  cost(config: C, tokens: number): AttentionCost;
  /** Absent where no weights say what a head does. */
  readonly lens?: AttentionLens<C>;
}

// biome-ignore lint/suspicious/noExplicitAny: variants are an open set; a registry hands each its own config back
export type AnyAttentionVariant = AttentionVariant<any, any>;

/** The variants a model may name, as a plain value that the caller passes. */
export type AttentionRegistry = readonly AnyAttentionVariant[];

/** What a package of attention variants brings, as one value: built-in or not, no difference is made. */
export interface AttentionPlugin {
  readonly variants: AttentionRegistry;
  /** How the variants' kernels run on the WASM backend. Preferred to the backend's own kernels of the same name. */
  readonly wasmKernels?: readonly AnyWasmKernel[];
  /** How they run on the WebGPU backend, likewise. */
  readonly webgpuKernels?: readonly AnyWebGpuKernel[];
}
