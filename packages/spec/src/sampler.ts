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
  /**
   * Set where it drops all but so many of the best candidates (the lower ids among equals), sorts them and leaves their logits alone:
   * first in a chain it may be given the best candidates only.
   */
  readonly keepsBest?: number;
  apply(candidates: Candidates, context: SamplerContext): void;
  /** Called when a new sequence starts; only stateful processors need it. */
  reset?(): void;
}

/** The best of a vocabulary's logits, found by whoever computed them. */
export interface BestLogits {
  /** [n, 2]: logit and id, best first; of equal logits the lower id comes first, NaN comes before all numbers. */
  readonly pairs: Float32Array;
  /** V: how many there were to choose from. */
  readonly vocabularySize: number;
}

/** A chain of processors that ends in a choice. One instance serves one sequence. */
export interface Sampler {
  /** How many of the best logits of a vocabulary decide what is chosen: all, unless the others cannot matter. */
  candidatesNeeded(vocabularySize: number): number;
  /** The chosen id. `logits` [V] is not written to. */
  sample(logits: Float32Array, context: SamplerContext): number;
  /**
   * As `sample` of all logits, from `candidatesNeeded` of the best, where these are fewer than all: the same id, and the same
   * random numbers for the next.
   */
  sampleBest(best: BestLogits, context: SamplerContext): number;
  reset(): void;
}
