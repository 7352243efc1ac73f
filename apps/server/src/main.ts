/** The server as a process: set up by its environment, ended by SIGTERM. */
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { type ApiKey, hashApiKey } from '@yoco-u/server';
import { createLogger, folderSource, keepHeapSteady, readKeyFile, serve } from '@yoco-u/server/node';
import { YocoError } from '@yoco-u/spec';
import { estimateMemory } from '@yoco-u/yoco-u';
import { loadModelFolderInWorker } from '@yoco-u/yoco-u/node';
import { readSettings, type Settings } from './settings.ts';

keepHeapSteady();
try {
  await start(readSettings(process.env));
} catch (error) {
  const isKnown = YocoError.isInstance(error) || (error instanceof Error && 'syscall' in error);
  console.error(isKnown ? `error: ${error.message}` : error);
  process.exitCode = isKnown ? 2 : 3;
}

/** Resolves when the first model is there; the server goes on until a signal comes. */
async function start(settings: Settings): Promise<void> {
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
  try {
    await serving.server.warmUp();
  } catch (error) {
    await serving.stop(0);
    throw error;
  }
}

async function readKeys({ keyFile, key }: Settings): Promise<readonly ApiKey[] | undefined> {
  if (keyFile !== undefined) return readKeyFile(keyFile);
  return key === undefined ? undefined : [{ name: 'environment', sha256: await hashApiKey(key) }];
}
