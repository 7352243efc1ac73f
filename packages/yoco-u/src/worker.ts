/** Models in Web Workers: pages stay responsive, and threads may wait. */
import type { DirectoryHandle, FileContent } from '@yoco-u/checkpoint';
import { connectModel, type LoadInWorkerOptions, type PlainSource, type WorkerModel } from './model-request.ts';

export type { LoadInWorkerOptions, ModelDetails, WorkerModel } from './model-request.ts';
export { type ServeModelOptions, serveModel } from './serve-model.ts';

/** The URL of a model folder (text counts from the page), its files by name, or a folder of the origin-private file system or of the user. */
export type WorkerModelSource = URL | string | ReadonlyMap<string, FileContent> | DirectoryHandle;

/**
 * Loads a model folder into a language model that runs in a Web Worker. Blobs and directory handles are passed on without a
 * copy. Throws what `loadModelFrom` throws, and `WorkerError` when the worker cannot be started, then and later.
 */
export async function loadModelInWorker(
  source: WorkerModelSource,
  options: LoadInWorkerOptions = {},
): Promise<WorkerModel> {
  const plain = plainSource(source);
  const worker =
    options.worker ??
    new Worker(new URL('./model-worker.ts', import.meta.url), { type: 'module', name: 'yoco-u-model' });
  return connectModel(worker, plain, options);
}

function plainSource(source: WorkerModelSource): PlainSource {
  if (source instanceof URL) return { kind: 'address', address: source.href };
  // the worker has another base than the page, or the worker, that asks
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  if (typeof source === 'string') return { kind: 'address', address: new URL(source, base).href };
  return 'getFileHandle' in source ? { kind: 'directory', directory: source } : { kind: 'files', files: source };
}
