/** The outside: a `LanguageModel` whose work is done behind a port. */
import { DisposedError, type LanguageModel, type Tokenizer } from '@yoco-u/spec';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { type CallEvents, type Calls, createCalls, resultOf } from './calls.ts';
import { generateThrough } from './generate-through.ts';
import { linkTo, type ModelThread } from './link.ts';
import { WorkerError } from './plain-error.ts';
import type { LoadResult } from './protocol.ts';

export interface ConnectOptions {
  /** Ends the loading; `connectLanguageModel` then rejects with its reason, after 5 s at most. */
  readonly signal?: AbortSignal;
  /** Bytes of weights loaded so far and in all. */
  readonly onProgress?: (loaded: number, total: number) => void;
  /** Shaders compiled so far and in all, while the model is loaded. */
  readonly onCompile?: (done: number, total: number) => void;
}

export interface ConnectedModel<Details, Stats> {
  /** Dispose frees the model and ends the worker. */
  readonly model: LanguageModel;
  /** The `details` of the `ServedModel`. */
  readonly details: Details;
  /** The `stats` of the `ServedModel`, now. */
  stats(): Promise<Stats>;
  /** What the `inspect` of the `ServedModel` answers. Rejects with the signal's reason when that aborts it. */
  inspect(request: unknown, signal?: AbortSignal): Promise<unknown>;
}

/** Time that a loader has to end by itself once it is aborted. One that waits for a driver hears of nothing. */
const patienceMs = 5000;

/**
 * Has the thread load a model. `request` goes to the loader that the thread serves with (`serveLanguageModel`); it must be
 * structured-cloneable. The thread is ended when loading fails.
 *
 * Errors keep their class, code and message. Throws `WorkerError`, then and in every later call, once the thread is gone.
 */
export async function connectLanguageModel<Details = undefined, Stats = undefined>(
  thread: ModelThread,
  request: unknown,
  { signal, onProgress, onCompile }: ConnectOptions = {},
): Promise<ConnectedModel<Details, Stats>> {
  const link = linkTo(thread);
  const calls = createCalls(link.port);
  void link.ended.then((reason) => calls.fail(new WorkerError(reason)));
  let loaded: LoadResult;
  let tokenizer: Tokenizer;
  try {
    const events = {
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(onCompile === undefined ? {} : { onCompile }),
    };
    loaded = await resultOfLoad(calls, request, events, signal);
    tokenizer = parseTokenizer(loaded.tokenizerJson);
  } catch (error) {
    await link.close();
    throw error;
  }

  const gone = new DisposedError(`model '${loaded.facts.id}'`);
  let disposing: Promise<void> | undefined;
  const dispose = async (): Promise<void> => {
    try {
      await calls.open({ kind: 'dispose' }).result;
    } catch (error) {
      // a worker that is gone holds nothing any more
      if (!(error instanceof WorkerError)) throw error;
    } finally {
      calls.fail(gone);
      await link.close();
    }
  };
  const alive = (): void => {
    if (disposing !== undefined) throw gone;
  };

  const model: LanguageModel = {
    ...loaded.facts,
    tokenizer,
    generate(generateRequest) {
      alive();
      return generateThrough(calls, generateRequest);
    },
    async score(ids, from, { signal: scoreSignal, ...options } = {}) {
      alive();
      const call = calls.open({ kind: 'score', ids: Array.from(ids), from, options });
      return (await resultOf(call, scoreSignal)) as Float32Array;
    },
    [Symbol.asyncDispose]() {
      disposing ??= dispose();
      return disposing;
    },
  };
  return {
    model,
    details: loaded.details as Details,
    async stats() {
      alive();
      return (await calls.open({ kind: 'stats' }).result) as Stats;
    },
    async inspect(inspectRequest, inspectSignal) {
      alive();
      return resultOf(calls.open({ kind: 'inspect', request: inspectRequest }), inspectSignal);
    },
  };
}

/** Rejects with the signal's reason once that aborts: when the loader has ended, or when it takes too long to. */
async function resultOfLoad(
  calls: Calls,
  request: unknown,
  events: CallEvents,
  signal: AbortSignal | undefined,
): Promise<LoadResult> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = (): void => {
    timer = setTimeout(() => calls.fail(new WorkerError('a loader that does not end')), patienceMs);
  };
  signal?.addEventListener('abort', limit, { once: true });
  if (signal?.aborted) limit();
  try {
    return (await resultOf(calls.open({ kind: 'load', request }, events), signal)) as LoadResult;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', limit);
  }
}
