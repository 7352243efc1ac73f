/** What the two sides of a model worker agree on. All of it is structured-cloneable. */
import type { DirectoryHandle, FileContent } from '@yoco-u/checkpoint';
import type { EngineLanguageModel, EngineStats } from '@yoco-u/engine';
import type { Backend, LanguageModel, ScoreOptions } from '@yoco-u/spec';
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

type Iterations = Pick<ScoreOptions, 'iterations'>;

/** What `inspect` asks for. */
export type InspectRequest =
  | { readonly kind: 'loop'; readonly given: Parameters<EngineLanguageModel['inspectLoop']> }
  | { readonly kind: 'save'; readonly ids: readonly number[]; readonly options: Iterations }
  | { readonly kind: 'load'; readonly file: Uint8Array; readonly options: Iterations };

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
  /** As `saveSequence` of the engine, but the whole safetensors file. */
  saveSequence(ids: ArrayLike<number>, options?: ScoreOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** As `loadSequence` of the engine, from the whole file. */
  loadSequence(file: Uint8Array, options?: Iterations): Promise<readonly number[]>;
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
  const ask = (asked: InspectRequest, askSignal?: AbortSignal): Promise<unknown> => inspect(asked, askSignal);
  return {
    ...details,
    model,
    stats,
    inspectLoop: (ids, ...rest) =>
      ask({ kind: 'loop', given: [Array.from(ids), ...rest] }) as ReturnType<EngineLanguageModel['inspectLoop']>,
    saveSequence: (ids, { signal: saveSignal, ...saveOptions } = {}) =>
      ask({ kind: 'save', ids: Array.from(ids), options: saveOptions }, saveSignal) as ReturnType<
        WorkerModel['saveSequence']
      >,
    loadSequence: (file, loadOptions = {}) =>
      ask({ kind: 'load', file, options: loadOptions }) as ReturnType<WorkerModel['loadSequence']>,
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
}
