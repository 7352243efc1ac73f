/** What a model will take, before anything is taken. */
import type { ModelFolder } from '@yoco-u/checkpoint';
import { cacheBytes } from '@yoco-u/engine';
import { parseConfig, withIterations } from '@yoco-u/model';
import { builtInAttention, registryOf } from './attention.ts';
import type { LoadModelOptions } from './load-model.ts';

/**
 * Bytes of weights (float32, however they are stored) and caches of the folder's model, loaded with these options; temporaries and
 * code come on top. Throws `ConfigError` for a config that cannot be read.
 */
export function estimateMemory(folder: ModelFolder, options: LoadModelOptions = {}): number {
  const written = parseConfig(folder.config, [...registryOf(options.plugins ?? []), ...builtInAttention]);
  const config = options.iterations === undefined ? written : withIterations(written, options.iterations);
  let weights = 0;
  for (const { shape } of folder.tensors.values()) weights += 4 * shape.reduce((product, size) => product * size, 1);
  const caches = cacheBytes({
    config,
    slots: options.sequences ?? 1,
    contextLength: options.contextLength ?? config.contextLength,
    prefixCacheBytes: options.prefixCacheBytes ?? 0,
  });
  return weights + caches;
}
