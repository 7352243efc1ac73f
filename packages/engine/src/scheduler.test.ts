import { BusyError, DisposedError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import type { DecodeBatch } from './decode-batch.ts';
import type { Runtime } from './runtime.ts';
import { createScheduler } from './scheduler.ts';
import type { Decoding, Task } from './task.ts';

/** Writes down what runs, in order: `name` for a chunk, `[a b]` for a token of a and b. */
function createLog() {
  const steps: string[] = [];
  const names = new WeakMap<Decoding, string>();
  let failing: unknown;
  const decode: DecodeBatch = {
    async run(sequences) {
      if (failing !== undefined) throw failing;
      steps.push(`[${sequences.map((sequence) => names.get(sequence)).join(' ')}]`);
    },
    resultOf: () => ({ logits: new Float32Array(0) }),
    [Symbol.dispose]() {},
  };
  const runtime = { decode, release: (_slot: number) => {} } as Partial<Runtime> as Runtime;
  return {
    steps,
    failDecoding: (error: unknown) => {
      failing = error;
    },
    /** A task of some chunks and then tokens; `ended` says how it went. */
    task(name: string, { chunks = 1, tokens = 0, priority = 0, onChunk = () => {}, onToken = () => {} } = {}) {
      let left = chunks;
      let fed = 0;
      let slot = -1;
      const state = { aborted: false };
      let end: (how: unknown) => void;
      const ended = new Promise<unknown>((resolve) => {
        end = resolve;
      });
      const decoding: Decoding = {
        get slot() {
          return slot;
        },
        id: 0,
        asks: 'logits',
        get position() {
          return fed;
        },
        accept() {
          fed++;
          onToken();
          if (fed === tokens) end('done');
          return fed < tokens;
        },
      };
      names.set(decoding, name);
      const task: Task = {
        runtime,
        priority,
        get remaining() {
          return left;
        },
        progress: { kind: 'generate', promptTokens: chunks, fedTokens: 0, completionTokens: 0 },
        get aborted() {
          return state.aborted;
        },
        begin(given) {
          slot = given;
        },
        async feed(shared) {
          steps.push(shared ? name : `${name} alone`);
          onChunk();
          left--;
          if (left > 0) return 'feed';
          if (tokens > 0) return decoding;
          end('done');
          return 'done';
        },
        abort: () => end('abort'),
        fail: (error) => end(error),
      };
      const stop = (): void => {
        state.aborted = true;
      };
      return { task, ended, stop };
    },
  };
}

const named = { name: 'model', queue: Number.POSITIVE_INFINITY };

describe('createScheduler', () => {
  test('a long prompt comes between two tokens of another sequence by one chunk only', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 2 });
    const decoding = log.task('a', { tokens: 5 });
    const long = log.task('b', { chunks: 4 });
    scheduler.submit(decoding.task);
    scheduler.submit(long.task);
    await Promise.all([decoding.ended, long.ended]);
    expect(log.steps).toEqual(['a', '[a]', 'b', '[a]', 'b', '[a]', 'b', '[a]', 'b', '[a]']);
  });

  test('a short prompt does not wait for the long one before it, which goes on all the same', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 3 });
    const tasks = [log.task('long', { chunks: 5 }), log.task('b', { chunks: 2 }), log.task('c', { chunks: 1 })];
    for (const { task } of tasks) scheduler.submit(task);
    await Promise.all(tasks.map(({ ended }) => ended));
    expect(log.steps).toEqual(['c', 'long', 'b', 'long', 'b', 'long alone', 'long alone', 'long alone']);
  });

  test('sequences join those that decode, and leave them, between steps', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 2 });
    const tasks = [log.task('a', { tokens: 3 }), log.task('b', { tokens: 1 }), log.task('c', { tokens: 2 })];
    for (const { task } of tasks) scheduler.submit(task);
    await Promise.all(tasks.map(({ ended }) => ended));
    expect(log.steps).toEqual(['a', '[a]', 'b', '[a b]', 'c', '[a c]', '[c]']);
  });

  test('higher priorities leave the queue first, equal ones in order of arrival', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 1 });
    const priorities = { a: 0, b: -1, c: 2, d: 0, e: 2 };
    const tasks = Object.entries(priorities).map(([name, priority]) => log.task(name, { priority }));
    for (const { task } of tasks) scheduler.submit(task);
    await Promise.all(tasks.map(({ ended }) => ended));
    expect(log.steps).toEqual(['c', 'e', 'a', 'd', 'b'].map((name) => `${name} alone`));
  });

  test('refuses one more than may wait, and takes it when there is room again', async () => {
    const log = createLog();
    const scheduler = createScheduler({ name: 'model', slots: 1, queue: 1 });
    const tasks = ['a', 'b', 'c'].map((name) => log.task(name));
    scheduler.submit(tasks[0]!.task);
    scheduler.submit(tasks[1]!.task);
    const refused = () => scheduler.submit(tasks[2]!.task);
    expect(refused).toThrow(BusyError);
    expect(refused).toThrow('model: queue: expected at most 1 waiting requests, got one more');
    await tasks[0]!.ended;
    await tasks[1]!.ended;
    scheduler.submit(tasks[2]!.task);
    expect(await tasks[2]!.ended).toBe('done');
  });

  test('an abort frees the slot within a step: waiting, between chunks and between tokens', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 1 });
    const inPrefill = log.task('a', { chunks: 9, onChunk: () => inPrefill.stop() });
    const decoding = log.task('b', { tokens: 9, onToken: () => decoding.stop() });
    const waiting = log.task('c');
    const last = log.task('d');
    const tasks = [inPrefill, decoding, waiting, last];
    for (const { task } of tasks) scheduler.submit(task);
    waiting.stop();
    const ends = await Promise.all(tasks.map(({ ended }) => ended));
    expect(ends).toEqual(['abort', 'abort', 'abort', 'done']);
    expect(log.steps).toEqual(['a alone', 'b alone', '[b]', 'd alone']);
    expect(scheduler.waiting + scheduler.running.length).toBe(0);
  });

  test('an error of one task leaves the others alone', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 3 });
    const broken = new Error('broken');
    const breaking = () => {
      throw broken;
    };
    const tasks = [
      log.task('a', { tokens: 3 }),
      log.task('b', { onChunk: breaking }),
      log.task('c', { tokens: 3, onToken: breaking }),
    ];
    for (const { task } of tasks) scheduler.submit(task);
    expect(await Promise.all(tasks.map(({ ended }) => ended))).toEqual(['done', broken, broken]);
  });

  test('an abort that cannot be carried out fails its task alone', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 2 });
    const lost = new Error('lost');
    const stopped = log.task('a', { chunks: 9, onChunk: () => stopped.stop() });
    const other = log.task('b', { tokens: 3 });
    const abort = (): void => {
      throw lost;
    };
    // the task's getters must stay what they are
    const broken = Object.defineProperty(stopped.task, 'abort', { value: abort });
    scheduler.submit(broken);
    scheduler.submit(other.task);
    expect(await Promise.all([stopped.ended, other.ended])).toEqual([lost, 'done']);
  });

  test('a step that fails, fails the sequences in it; slots are free again', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 2 });
    const lost = new Error('lost');
    const tasks = [log.task('a', { tokens: 2 }), log.task('b', { tokens: 2 })];
    log.failDecoding(lost);
    for (const { task } of tasks) scheduler.submit(task);
    expect(await Promise.all(tasks.map(({ ended }) => ended))).toEqual([lost, lost]);
    log.failDecoding(undefined);
    const next = log.task('c', { tokens: 1 });
    scheduler.submit(next.task);
    expect(await next.ended).toBe('done');
  });

  test('dispose fails what runs and what waits, and refuses what comes', async () => {
    const log = createLog();
    const scheduler = createScheduler({ ...named, slots: 1 });
    const tasks = [log.task('a', { tokens: 1_000_000 }), log.task('b')];
    for (const { task } of tasks) scheduler.submit(task);
    await scheduler.dispose();
    for (const { ended } of tasks) expect(await ended).toBeInstanceOf(DisposedError);
    expect(() => scheduler.submit(log.task('c').task)).toThrow(DisposedError);
  });
});
