/** Models of one process under a memory budget, loaded when asked for. */
import { ApiError, type ServedModel } from '@yoco-u/openai';
import { CapacityError, ConfigError, DisposedError } from '@yoco-u/spec';
import type { Metrics } from './metrics.ts';
import { createModelMeter, type ModelMeter } from './model-meter.ts';
import type { LoadedModel, Logger, ModelSource } from './options.ts';

/** A model in use: it stays loaded until released. */
export interface Lease {
  readonly served: ServedModel;
  release(): void;
}

export interface ModelStatus {
  readonly name: string;
  readonly state: 'unloaded' | 'loading' | 'ready';
  /** Where it is ready. */
  readonly loaded?: { readonly model: LoadedModel; readonly meter: ModelMeter };
}

export interface ModelPool extends AsyncDisposable {
  status(): readonly ModelStatus[];
  /** Whether a model has been loaded: from then on they come and go as they are asked for. */
  readonly isWarm: boolean;
  /**
   * The model by name, or the first; loads it, and puts the longest unused idle ones out if it needs their room. Throws
   * `ApiError`: 404 for an unknown name, 503 when all room is in use or the model cannot be loaded; the reason of the signal when it
   * aborts the wait.
   */
  use(name?: string, signal?: AbortSignal): Promise<Lease>;
}

interface Entry {
  readonly source: ModelSource;
  users: number;
  lastUsed: number;
  loading?: Promise<LoadedModel>;
  loaded?: { readonly model: LoadedModel; readonly meter: ModelMeter };
}

export interface ModelPoolOptions {
  readonly sources: readonly ModelSource[];
  readonly memoryBytes: number;
  /** Completions that may wait for one model. */
  readonly queue: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Throws `ConfigError` for no models or two of one name, `CapacityError` for one that never fits. */
export function createModelPool(options: ModelPoolOptions): ModelPool {
  const { sources, memoryBytes, queue, metrics, logger } = options;
  checkSources(sources, memoryBytes);
  const entries = new Map<string, Entry>(sources.map((source) => [source.name, { source, users: 0, lastUsed: 0 }]));
  let uses = 0;
  const ending = new AbortController();
  const { signal: ended } = ending;
  let warm = false;
  // room is made for one model at a time, so that two loads cannot count on the same bytes
  let turn: Promise<unknown> = Promise.resolve();

  const unload = async (entry: Entry): Promise<void> => {
    const { loaded } = entry;
    if (loaded === undefined) return;
    delete entry.loaded;
    await loaded.model[Symbol.asyncDispose]();
    logger.info({ model: entry.source.name }, 'model unloaded');
  };

  const makeRoom = async (bytes: number): Promise<void> => {
    for (;;) {
      const held = [...entries.values()].filter(({ loaded }) => loaded !== undefined);
      const used = held.reduce((sum, { source }) => sum + source.bytes, 0);
      if (used + bytes <= memoryBytes) return;
      const [oldest] = held.filter(({ users }) => users === 0).sort((a, b) => a.lastUsed - b.lastUsed);
      if (oldest === undefined) {
        const message = 'model: other models are in use and leave no room for it; try again later';
        throw new ApiError({ status: 503, code: 'model_busy', param: 'model', message, retryAfter: 5 });
      }
      await unload(oldest);
    }
  };

  const load = async (entry: Entry): Promise<LoadedModel> => {
    const { name, bytes } = entry.source;
    await makeRoom(bytes);
    ended.throwIfAborted();
    const started = performance.now();
    try {
      const model = await entry.source.load(ended);
      const { sequences, cacheUse } = model;
      const onBroken = (): void => {
        // the next request loads it anew
        if (entry.loaded?.meter === meter) unload(entry).catch(() => {});
      };
      const meter = createModelMeter({ name, model: model.model, sequences, queue, metrics, cacheUse, onBroken });
      entry.loaded = { model, meter };
      warm = true;
      logger.info({ model: name, ms: Math.round(performance.now() - started) }, 'model loaded');
      return model;
    } catch (cause) {
      ended.throwIfAborted();
      logger.error({ model: name, err: cause }, 'model cannot be loaded');
      const message = 'model: it could not be loaded; the log of the server says why';
      throw new ApiError(
        { status: 503, code: 'model_unavailable', param: 'model', message, retryAfter: 30 },
        { cause },
      );
    }
  };

  const ready = async (entry: Entry): Promise<void> => {
    if (entry.loaded !== undefined) return;
    if (entry.loading === undefined) {
      const loading = turn.then(() => load(entry));
      entry.loading = loading;
      turn = loading.catch(() => {}).then(() => delete entry.loading);
    }
    await entry.loading;
  };

  return {
    status: () =>
      [...entries.values()].map(({ source: { name }, loading, loaded }) => ({
        name,
        state: loaded !== undefined ? 'ready' : loading !== undefined ? 'loading' : 'unloaded',
        ...(loaded === undefined ? {} : { loaded }),
      })),
    get isWarm() {
      return warm;
    },
    async use(name, signal) {
      ended.throwIfAborted();
      const entry = name === undefined ? [...entries.values()][0] : entries.get(name);
      if (entry === undefined) {
        const message = 'model: there is none of this name; GET /v1/models lists them';
        throw new ApiError({ status: 404, code: 'model_not_found', param: 'model', message });
      }
      // counted before anything is awaited: a model that somebody waits for is not idle
      entry.users++;
      let released = false;
      const release = (): void => {
        if (released) return;
        released = true;
        entry.users--;
        entry.lastUsed = ++uses;
      };
      try {
        await unlessAborted(ready(entry), signal);
        const { model, meter } = entry.loaded!;
        const { chatTemplate } = model;
        const served = { name: entry.source.name, model: meter.model };
        return { served: chatTemplate === undefined ? served : { ...served, chatTemplate }, release };
      } catch (error) {
        release();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      ending.abort(new DisposedError('model pool'));
      await turn;
      for (const entry of entries.values()) await unload(entry);
    },
  };
}

/** What the promise brings, unless the signal aborts before that. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function checkSources(sources: readonly ModelSource[], memoryBytes: number): void {
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (names.length === 0 || twice !== undefined) {
    throw new ConfigError({
      where: 'server: models',
      expected: 'at least one, and each name once',
      got: twice === undefined ? 'none' : `'${twice}' twice`,
    });
  }
  for (const { name, bytes } of sources) {
    if (bytes <= memoryBytes) continue;
    throw new CapacityError({
      where: `server: model '${name}'`,
      expected: `at most the memory budget of ${memoryBytes} bytes`,
      got: `${bytes}`,
      fix: 'raise the budget or leave the model out',
    });
  }
}
