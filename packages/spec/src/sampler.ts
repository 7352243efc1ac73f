/** Choosing the next token from logits. */

/** What a processor may look at besides the logits. */
export interface SamplerContext {
  /** Ids so far, prompt first. The sampler never writes to it. */
  readonly ids: ArrayLike<number>;
  /** How many of `ids` are prompt. */
  readonly promptLength: number;
}

/**
 * The working set of a step: token ids with their logits, in no promised order. Processors narrow and reorder it in place:
 * entries at and beyond `size` are dead.
 */
export interface Candidates {
  readonly ids: Int32Array;
  readonly logits: Float32Array;
  size: number;
  /** True when `logits[0 .. size)` is in descending order. A processor that breaks the order clears it. */
  sorted: boolean;
}

/** One step of a sampler chain: changes logits, or drops candidates. Must leave at least one. */
export interface LogitProcessor {
  readonly name: string;
  apply(candidates: Candidates, context: SamplerContext): void;
  /** Called when a new sequence starts; only stateful processors need it. */
  reset?(): void;
}

/** A chain of processors that ends in a choice. One instance serves one sequence. */
export interface Sampler {
  /** The chosen id. `logits` [V] is not written to. */
  sample(logits: Float32Array, context: SamplerContext): number;
  reset(): void;
}
