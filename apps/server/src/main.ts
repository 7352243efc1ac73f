/** The server as a process: set up by its environment, ended by SIGTERM. */
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { type ApiKey, hashApiKey } from '@yoco-u/server';
import { createLogger, folderSource, readKeyFile, serve } from '@yoco-u/server/node';
import { estimateMemory } from '@yoco-u/yoco-u';
import { loadModelFolderInWorker } from '@yoco-u/yoco-u/node';
import { readSettings, type Settings } from './settings.ts';

const settings = readSettings(process.env);
const { models, host, port, sequences, prefixCacheBytes, memoryBytes, threads, backend, graceMs } = settings;
const load = { sequences, prefixCacheBytes, backend, ...(threads === undefined ? {} : { threads }) };
const apiKeys = await readKeys(settings);
const logger = createLogger();
const serving = await serve({
  models: await Promise.all(
    models.map(async (path) => {
      await using folder = await openModelFolder(path);
      const bytes = estimateMemory(folder, load);
      return folderSource({
        path,
        bytes,
        sequences,
        async load() {
          const loaded = await loadModelFolderInWorker(path, load);
          logger.info({ path, backend: loaded.backend.description }, 'loaded');
          return loaded;
        },
      });
    }),
  ),
  host,
  port,
  logger,
  ...(memoryBytes === undefined ? {} : { memoryBytes }),
  ...(apiKeys === undefined ? {} : { apiKeys }),
});
logger.info({ url: serving.url, models }, 'listening');
process.once('SIGTERM', () => serving.stop(graceMs));
process.once('SIGINT', () => serving.stop(graceMs));
await serving.server.warmUp();

async function readKeys({ keyFile, key }: Settings): Promise<readonly ApiKey[] | undefined> {
  if (keyFile !== undefined) return readKeyFile(keyFile);
  return key === undefined ? undefined : [{ name: 'environment', sha256: await hashApiKey(key) }];
}
