/** One text to score on its way. */
import { createChunkSizer } from './chunk-size.ts';
import { checkId } from './runner.ts';
import type { Runtime } from './runtime.ts';
import type { Task } from './task.ts';
import { createTaskResult } from './task-result.ts';

export interface Scoring extends Task {
  /** −ln p of every id but the first. */
  readonly losses: Promise<Float32Array>;
}

/** Throws `RequestError` for ids that are none. */
export function createScoring(runtime: Runtime, given: ArrayLike<number>, signal: AbortSignal | undefined): Scoring {
  const ids = Array.from(given, (id) => checkId(id, runtime.config.vocabularySize));
  const losses = new Float32Array(ids.length - 1);
  const sizer = createChunkSizer(runtime.chunkRows);
  const result = createTaskResult<Float32Array>(signal);
  let slot = -1;
  let fed = 0;
  return {
    runtime,
    losses: result.promise,
    priority: 0,
    get remaining() {
      return losses.length - fed;
    },
    get aborted() {
      return result.aborted;
    },
    get progress() {
      return { kind: 'score', promptTokens: ids.length, fedTokens: fed, completionTokens: 0 } as const;
    },
    begin(place) {
      slot = place;
    },
    async feed(shared) {
      const rows = Math.min(sizer.next(shared), losses.length - fed);
      const began = performance.now();
      const segment = { tokens: ids.slice(fed, fed + rows), start: fed, slot };
      await runtime.score(segment, ids.slice(fed + 1, fed + 1 + rows), losses.subarray(fed, fed + rows));
      sizer.record(rows, performance.now() - began);
      fed += rows;
      if (fed < losses.length) return 'feed';
      result.resolve(losses);
      return 'done';
    },
    abort: result.abort,
    fail: result.reject,
  };
}
