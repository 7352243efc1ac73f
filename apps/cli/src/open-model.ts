/** Loads the model that a command names, or the bundled one, with progress on the way. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedModel, LoadModelOptions } from '@yoco-u/yoco-u';
import { loadModelFolder } from '@yoco-u/yoco-u/node';
import { backendOptions } from './backend-options.ts';
import type { ModelOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { UsageError } from './run-program.ts';

/** How a model serves many requests. */
export type ServingOptions = Pick<LoadModelOptions, 'sequences' | 'prefixCacheBytes'>;

/** The folder given, or the bundled model's. Throws `UsageError` when it is no model folder. */
export function modelFolder(folder: string | undefined): string {
  // beside `dist/yoco-u.js` in a package, beside `src/` in the repository
  const path = folder ?? join(import.meta.dirname, '..', 'model');
  if (existsSync(join(path, 'config.json'))) return path;
  throw new UsageError(`${path}: expected a model folder with config.json, got none; check the path`);
}

export async function openModel(
  folder: string | undefined,
  options: ModelOptions,
  signal: AbortSignal,
  serving: ServingOptions = {},
): Promise<LoadedModel> {
  const progress = createProgress('loading', 'bytes');
  const loaded = await loadModelFolder(modelFolder(folder), {
    ...backendOptions(options),
    signal,
    onProgress: progress.update,
    ...(options.iterations === undefined ? {} : { iterations: options.iterations }),
    ...(options.context === undefined ? {} : { contextLength: options.context }),
    ...serving,
  });
  progress.end();
  if (options.backend === 'auto') console.error(loaded.backend.description);
  return loaded;
}
