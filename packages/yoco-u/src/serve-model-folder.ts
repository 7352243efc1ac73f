/** The inside of a model worker in Node: `serveModel`, with folders on disk. */
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { type ServeModelOptions, serveModel } from './serve-model.ts';

/** As `serveModel`, to be called by a worker thread of Node. */
export async function serveModelFolder(options: Pick<ServeModelOptions, 'plugins'> = {}): Promise<void> {
  await serveModel({ ...options, openAddress: openModelFolder });
}
