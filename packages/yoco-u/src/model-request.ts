/** What the two sides of a model worker agree on. All of it is structured-cloneable. */
import type { DirectoryHandle, FileContent } from '@yoco-u/checkpoint';
import type { EngineLanguageModel, EngineStats } from '@yoco-u/engine';
import type { Backend, LanguageModel } from '@yoco-u/spec';
import { type ConnectOptions, connectLanguageModel, type ModelThread } from '@yoco-u/worker';
import type { LoadModelOptions } from './load-model.ts';

/** Where the worker finds the model folder. */
export type PlainSource =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'files'; readonly files: ReadonlyMap<string, FileContent> }
  | { readonly kind: 'directory'; readonly directory: DirectoryHandle };

export interface ModelRequest {
  readonly source: PlainSource;
  readonly options: Omit<LoadModelOptions, 'plugins' | keyof ConnectOptions>;
}

export interface ModelDetails {
  readonly backend: Pick<Backend, 'id' | 'threads' | 'description'>;
  /** `config.json` as written. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Bytes reserved for caches at the model's own iteration count. */
  readonly cacheBytesReserved: number;
}

/** What `inspect` asks for: the arguments of `inspectLoop`. */
export type InspectRequest = Parameters<EngineLanguageModel['inspectLoop']>;

export interface LoadInWorkerOptions extends Omit<LoadModelOptions, 'plugins'> {
  /**
   * A worker of your own instead of the package's: one whose script calls `serveModel`, with plug-ins or as a file of your
   * bundle. It is ended with the model.
   */
  readonly worker?: ModelThread;
}

/** A model that runs in a worker. Dispose frees it and ends the worker. */
export interface WorkerModel extends ModelDetails, AsyncDisposable {
  readonly model: LanguageModel;
  /** What the engine is doing, and counts from the start. */
  stats(): Promise<EngineStats>;
  /** A look inside the loop at a text of at most 256 ids: see `inspectLoop` of `@yoco-u/engine`. */
  inspectLoop: EngineLanguageModel['inspectLoop'];
}

export async function connectModel(
  thread: ModelThread,
  source: PlainSource,
  { worker: _worker, signal, onProgress, onCompile, ...options }: LoadInWorkerOptions,
): Promise<WorkerModel> {
  const request: ModelRequest = { source, options };
  const { model, details, stats, inspect } = await connectLanguageModel<ModelDetails, EngineStats>(thread, request, {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onCompile === undefined ? {} : { onCompile }),
  });
  return {
    ...details,
    model,
    stats,
    inspectLoop: (ids, ...rest) =>
      inspect([Array.from(ids), ...rest] satisfies InspectRequest) as ReturnType<EngineLanguageModel['inspectLoop']>,
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
}
