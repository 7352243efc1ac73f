/** Saving and loading a sequence between the steps of others. */
import type { Backend } from '@yoco-u/spec';
import { createChunkSizer } from './chunk-size.ts';
import type { Restored } from './prefix-cache.ts';
import type { Runtime } from './runtime.ts';
import { downloadSequence, type ReadSequence, type SavedSequence, uploadSequence } from './saved-sequence.ts';
import type { Task } from './task.ts';
import { createTaskResult } from './task-result.ts';

export interface SavingOptions {
  readonly backend: Backend;
  readonly runtime: Runtime;
  readonly ids: readonly number[];
  readonly signal: AbortSignal | undefined;
  /** The model's fingerprint. */
  readonly model: string;
}

/** Feeds what the prefix cache does not have, then reads the slot. */
export function createSaving({ backend, runtime, ids, signal, model }: SavingOptions): Task & {
  readonly saved: Promise<SavedSequence>;
} {
  const result = createTaskResult<SavedSequence>(signal);
  const sizer = createChunkSizer(runtime.chunkRows);
  let slot = -1;
  let fed = 0;
  let restored: Restored | undefined;
  return {
    runtime,
    saved: result.promise,
    priority: 0,
    get remaining() {
      return ids.length - fed;
    },
    get progress() {
      return { kind: 'save', promptTokens: ids.length, fedTokens: fed, completionTokens: 0 } as const;
    },
    get aborted() {
      return result.aborted;
    },
    begin(given) {
      slot = given;
    },
    async feed(shared) {
      restored ??= runtime.cache.restore(slot, ids);
      fed = Math.max(fed, restored.tokens);
      const rows = Math.min(sizer.next(shared), ids.length - fed);
      const began = performance.now();
      await runtime.prefill({ tokens: ids.slice(fed, fed + rows), start: fed, slot });
      sizer.record(rows, performance.now() - began);
      fed += rows;
      if (fed < ids.length) return 'feed';
      runtime.cache.store(slot, ids, fed);
      result.resolve(await downloadSequence(backend, runtime, slot, ids, model));
      return 'done';
    },
    abort: result.abort,
    fail: result.reject,
  };
}

/** Writes a slot and keeps it in the prefix cache. */
export function createLoading(
  backend: Backend,
  runtime: Runtime,
  sequence: ReadSequence,
): Task & {
  readonly loaded: Promise<void>;
} {
  const result = createTaskResult<void>(undefined);
  const { length } = sequence.ids;
  let slot = -1;
  return {
    runtime,
    loaded: result.promise,
    priority: 0,
    remaining: 0,
    progress: { kind: 'load', promptTokens: length, fedTokens: 0, completionTokens: 0 },
    aborted: false,
    begin(given) {
      slot = given;
    },
    async feed() {
      uploadSequence(backend, runtime, slot, sequence);
      runtime.cache.store(slot, sequence.ids, length, 'always');
      result.resolve();
      return 'done';
    },
    abort: result.abort,
    fail: result.reject,
  };
}
