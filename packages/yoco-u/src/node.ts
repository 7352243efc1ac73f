/** Models from folders on disk. */
import { Worker } from 'node:worker_threads';
import { openModelFolder } from '@yoco-u/checkpoint/node';
import {
  type LoadedModel,
  type LoadModelOptions,
  type LoadOptions,
  loadModelFrom,
  loadPartsFrom,
  type ModelParts,
} from './load-model.ts';
import { connectModel, type LoadInWorkerOptions, type WorkerModel } from './model-request.ts';

export type { LoadedModel, LoadModelOptions, LoadOptions, ModelParts } from './load-model.ts';
export type { LoadInWorkerOptions, ModelDetails, WorkerModel } from './model-request.ts';
export { serveModelFolder } from './serve-model-folder.ts';

/** Loads the model folder at `path`: see `loadModelFrom`. */
export async function loadModelFolder(path: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  await using folder = await openModelFolder(path);
  return await loadModelFrom(folder, options);
}

/** Loads config and weights of the model folder at `path`: see `loadPartsFrom`. */
export async function loadParts(path: string, options: LoadOptions = {}): Promise<ModelParts> {
  await using folder = await openModelFolder(path);
  return await loadPartsFrom(folder, options);
}

/**
 * Loads the model folder at `path` (or http(s) URL) into a language model that runs in a worker thread: the caller's event
 * loop stays free. Throws what `loadModelFrom` throws, and `WorkerError` when the thread cannot be started, then and later.
 */
export async function loadModelFolderInWorker(path: string, options: LoadInWorkerOptions = {}): Promise<WorkerModel> {
  return connectModel(options.worker ?? startWorker(), { kind: 'address', address: path }, options);
}

function startWorker(): Worker {
  // from sources, the thread needs the condition that named them; any other flags of the parent would only slow the start
  const execArgv = import.meta.url.endsWith('.ts') ? ['--conditions=@yoco-u/source'] : [];
  return new Worker(new URL('./node-model-worker.ts', import.meta.url), { execArgv, name: 'yoco-u-model' });
}
