/**
 * Shares a device among sequences: they join and leave between steps. A step is one chunk of one sequence (a prompt, a text to
 * score), or the next token of all that decode.
 */
import { BusyError, DisposedError } from '@yoco-u/spec';
import type { Runtime } from './runtime.ts';
import type { Decoding, Task } from './task.ts';
import { nextTurn } from './turns.ts';

export interface SchedulerOptions {
  /** Tasks under way at once. */
  readonly slots: number;
  /** Most tasks that wait for a slot. */
  readonly queue: number;
  /** For messages. */
  readonly name: string;
}

export interface Scheduler {
  /** Tasks that have a slot, in order of start. */
  readonly running: readonly { readonly slot: number; readonly task: Task }[];
  /** How many tasks wait for one. */
  readonly waiting: number;
  /** Whether tasks of the runtime wait or run. */
  isBusy(runtime: Runtime): boolean;
  /**
   * Takes a task: it waits for a slot, higher priorities first, then in order of arrival. Throws `BusyError` when the queue is
   * full and `DisposedError` after dispose; the task is not told then.
   */
  submit(task: Task): void;
  /** Fails what is under way with `DisposedError`. Resolves once nothing runs any more. */
  dispose(): Promise<void>;
}

interface Entry {
  readonly task: Task;
  slot: number;
  decoding: Decoding | undefined;
}

/** The sequences of one runtime that decode. */
interface Batch {
  readonly runtime: Runtime;
  readonly entries: Entry[];
  readonly sequences: Decoding[];
}

/**
 * A loop runs while there is work: one chunk, then one token for everyone, and so on, with a turn of the event loop after
 * each. So a long prompt stalls others by a chunk at most, and an abort frees its slot within a step. Chunks go in turns to who
 * is first in line and to who has least left, so that a short prompt does not wait for a long one.
 */
export function createScheduler({ slots, queue, name }: SchedulerOptions): Scheduler {
  const free = Array.from({ length: slots }, (_, slot) => slot);
  const waiting: Entry[] = [];
  // in order of start
  const running: Entry[] = [];
  const batches: Batch[] = [];
  let active = false;
  let loop: Promise<void> | undefined;
  let disposed = false;
  let shortestNext = false;

  const leave = (entry: Entry): void => {
    running.splice(running.indexOf(entry), 1);
    stopDecoding(entry);
    entry.task.runtime.release(entry.slot);
    free.push(entry.slot);
  };
  const fail = (entry: Entry, error: unknown): void => {
    leave(entry);
    entry.task.fail(error);
  };

  const startDecoding = (entry: Entry, decoding: Decoding): void => {
    entry.decoding = decoding;
    let batch = batches.find(({ runtime }) => runtime === entry.task.runtime);
    if (batch === undefined) {
      batch = { runtime: entry.task.runtime, entries: [], sequences: [] };
      batches.push(batch);
    }
    batch.entries.push(entry);
    batch.sequences.push(decoding);
  };
  const stopDecoding = (entry: Entry): void => {
    if (entry.decoding === undefined) return;
    entry.decoding = undefined;
    const at = batches.findIndex(({ entries }) => entries.includes(entry));
    const { entries, sequences } = batches[at]!;
    const index = entries.indexOf(entry);
    entries.splice(index, 1);
    sequences.splice(index, 1);
    if (entries.length === 0) batches.splice(at, 1);
  };

  /** Tells a task of its abort. It may keep what its slot holds, which a lost device refuses. */
  const abort = (task: Task): void => {
    try {
      task.abort();
    } catch (error) {
      task.fail(error);
    }
  };
  const sweep = (): void => {
    for (let index = waiting.length - 1; index >= 0; index--) {
      if (waiting[index]!.task.aborted) abort(waiting.splice(index, 1)[0]!.task);
    }
    for (let index = running.length - 1; index >= 0; index--) {
      const entry = running[index]!;
      if (!entry.task.aborted) continue;
      abort(entry.task);
      leave(entry);
    }
  };
  const admit = (): void => {
    while (free.length > 0 && waiting.length > 0) {
      const entry = waiting.shift()!;
      entry.slot = free.shift()!;
      running.push(entry);
      entry.task.begin(entry.slot);
    }
  };

  /** Who gets the next chunk. */
  const choose = (): Entry | undefined => {
    let first: Entry | undefined;
    let shortest: Entry | undefined;
    for (const entry of running) {
      if (entry.decoding !== undefined) continue;
      if (first === undefined || entry.task.priority > first.task.priority) first = entry;
      if (shortest === undefined || entry.task.remaining < shortest.task.remaining) shortest = entry;
    }
    shortestNext = !shortestNext;
    return shortestNext ? shortest : first;
  };
  const feed = async (entry: Entry): Promise<void> => {
    try {
      const next = await entry.task.feed(running.length > 1);
      if (next === 'done') leave(entry);
      else if (next !== 'feed') startDecoding(entry, next);
    } catch (error) {
      fail(entry, error);
    }
  };
  const decode = async ({ runtime, entries, sequences }: Batch): Promise<void> => {
    try {
      await runtime.decode.run(sequences);
    } catch (error) {
      for (const entry of [...entries]) fail(entry, error);
      return;
    }
    // from the back: who has ended leaves the lists
    for (let index = entries.length - 1; index >= 0; index--) {
      const entry = entries[index]!;
      try {
        if (!sequences[index]!.accept(runtime.decode.resultOf(index))) leave(entry);
      } catch (error) {
        fail(entry, error);
      }
    }
  };

  const run = async (): Promise<void> => {
    // whoever comes in this turn is in line before the first one starts
    await nextTurn();
    while (!disposed && running.length + waiting.length > 0) {
      sweep();
      admit();
      const entry = choose();
      if (entry !== undefined) {
        await feed(entry);
        await nextTurn();
        sweep();
      }
      if (batches.length === 0 || disposed) continue;
      for (let index = batches.length - 1; index >= 0 && !disposed; index--) await decode(batches[index]!);
      await nextTurn();
    }
    active = false;
  };

  return {
    running,
    get waiting() {
      return waiting.length;
    },
    isBusy(runtime) {
      const ofRuntime = ({ task }: Entry): boolean => task.runtime === runtime;
      return running.some(ofRuntime) || waiting.some(ofRuntime);
    },
    submit(task) {
      if (disposed) throw new DisposedError(name);
      if (waiting.length >= queue + free.length) {
        throw new BusyError({
          where: `${name}: queue`,
          expected: `at most ${queue} waiting requests`,
          got: 'one more',
          fix: 'try again later',
        });
      }
      const entry: Entry = { task, slot: -1, decoding: undefined };
      let place = waiting.length;
      while (place > 0 && waiting[place - 1]!.task.priority < task.priority) place--;
      waiting.splice(place, 0, entry);
      if (active) return;
      active = true;
      loop = run();
    },
    async dispose() {
      disposed = true;
      await loop;
      for (const entry of [...running]) fail(entry, new DisposedError(name));
      for (const { task } of waiting.splice(0)) task.fail(new DisposedError(name));
    },
  };
}
