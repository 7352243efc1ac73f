/** What the two sides of a model worker agree on. All of it is structured-cloneable. */
import type { DirectoryHandle, FileContent } from '@yoco-u/checkpoint';
import type { EngineStats } from '@yoco-u/engine';
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
}

export async function connectModel(
  thread: ModelThread,
  source: PlainSource,
  { worker: _worker, signal, onProgress, onCompile, ...options }: LoadInWorkerOptions,
): Promise<WorkerModel> {
  const request: ModelRequest = { source, options };
  const { model, details, stats } = await connectLanguageModel<ModelDetails, EngineStats>(thread, request, {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onCompile === undefined ? {} : { onCompile }),
  });
  return { ...details, model, stats, [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() };
}
