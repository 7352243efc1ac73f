/** What an engine is doing: the numbers behind a server's metrics. */
import type { FinishReason } from '@yoco-u/spec';
import type { GenerationCounters } from './generation.ts';
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
  /** Prompt tokens computed, from the start. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Generations that ended, by reason. */
  readonly finished: Readonly<Record<FinishReason, number>>;
  /** Generations that ended with an error. */
  readonly failed: number;
}

export function statsOf(given: {
  readonly slots: number;
  readonly scheduler: Scheduler;
  readonly counters: GenerationCounters;
  readonly cacheBytesReserved: number;
}): EngineStats {
  const { slots, scheduler, counters, cacheBytesReserved } = given;
  const { promptTokens, completionTokens, finished, failed } = counters;
  return {
    slots,
    running: scheduler.running.map(({ slot, task }) => ({ slot, ...task.progress })),
    waiting: scheduler.waiting,
    cacheBytesInUse: scheduler.running.reduce(
      (sum, { task }) => sum + task.runtime.memory.bytesInUse(task.progress.fedTokens),
      0,
    ),
    cacheBytesReserved,
    promptTokens,
    completionTokens,
    finished: { ...finished },
    failed,
  };
}
