/** The bundled model behind a real server on a free port. */
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { folderSource, type ServeOptions, type Serving, serve } from '@yoco-u/server/node';
import { estimateMemory } from '@yoco-u/yoco-u';
import { loadModelFolderInWorker } from '@yoco-u/yoco-u/node';

export const modelPath = new URL('../../cli/model/', import.meta.url).pathname;

export async function serveBundledModel(options: Partial<ServeOptions> = {}): Promise<Serving> {
  const load = { sequences: 4, threads: 1, prefixCacheBytes: 2 ** 22 };
  await using folder = await openModelFolder(modelPath);
  const source = folderSource({
    path: modelPath,
    name: 'bundled',
    bytes: estimateMemory(folder, load),
    sequences: load.sequences,
    load: (signal) => loadModelFolderInWorker(modelPath, { ...load, signal }),
  });
  return serve({ models: [source], port: 0, ...options });
}
