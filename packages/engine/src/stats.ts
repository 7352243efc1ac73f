/** What an engine is doing: the numbers behind a server's metrics. */
import type { FinishReason } from '@yoco-u/spec';
import type { GenerationCounters } from './generation.ts';
import type { Runtime } from './runtime.ts';
import type { Scheduler } from './scheduler.ts';
import type { Progress } from './task.ts';

/** A sequence under way. */
export interface SequenceStats extends Progress {
  readonly slot: number;
}

export interface EngineStats {
  /** Sequences that may be under way at once. */
  readonly slots: number;
  /** Those that are, scores included, in order of start. */
  readonly running: readonly SequenceStats[];
  /** Requests that wait for a slot. */
  readonly waiting: number;
  /** Cache bytes of the running sequences by the formula, for the tokens fed. */
  readonly cacheBytesInUse: number;
  /** Cache bytes taken, at all iteration counts in use. */
  readonly cacheBytesReserved: number;
  /** Pages of the growing caches: of running sequences, kept for later ones, and in all. */
  readonly pages: { readonly inUse: number; readonly kept: number; readonly total: number };
  /** Prompt tokens computed, from the start. */
  readonly promptTokens: number;
  /** Prompt tokens that were found in the prefix cache, from the start. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /**
   * Choices made from the best logits alone, which is all that was read from the device, and from all logits: of chains that need more
   * than the 64 best, and with log-probabilities. From the start.
   */
  readonly choices: { readonly fromBest: number; readonly fromLogits: number };
  /** Generations that ended, by reason. */
  readonly finished: Readonly<Record<FinishReason, number>>;
  /** Generations that ended with an error. */
  readonly failed: number;
}

export function statsOf(given: {
  readonly slots: number;
  readonly scheduler: Scheduler;
  readonly counters: GenerationCounters;
  /** Those that could be made so far. */
  readonly runtimes: readonly Runtime[];
}): EngineStats {
  const { slots, scheduler, counters, runtimes } = given;
  const { promptTokens, cachedTokens, completionTokens, choices, finished, failed } = counters;
  return {
    slots,
    running: scheduler.running.map(({ slot, task }) => ({ slot, ...task.progress })),
    waiting: scheduler.waiting,
    cacheBytesInUse: sumOf(scheduler.running, ({ task }) => task.runtime.memory.bytesInUse(task.progress.fedTokens)),
    cacheBytesReserved: sumOf(runtimes, ({ allocatedBytes }) => allocatedBytes),
    pages: {
      inUse: sumOf(runtimes, ({ cache }) => cache.pool.inUse),
      kept: sumOf(runtimes, ({ cache }) => cache.keptPages),
      total: sumOf(runtimes, ({ cache }) => cache.pool.total),
    },
    promptTokens,
    cachedTokens,
    completionTokens,
    choices: { ...choices },
    finished: { ...finished },
    failed,
  };
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
