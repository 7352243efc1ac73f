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

/** Resolves when the server has ended after a signal. */
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
          async load(signal) {
            const loaded = await loadModelFolderInWorker(path, { ...load, signal });
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
  const ended = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  try {
    await Promise.race([serving.server.warmUp(), ended]);
    await ended;
  } finally {
    await serving.stop(graceMs);
  }
}

async function readKeys({ keyFile, key }: Settings): Promise<readonly ApiKey[] | undefined> {
  if (keyFile !== undefined) return readKeyFile(keyFile);
  return key === undefined ? undefined : [{ name: 'environment', sha256: await hashApiKey(key) }];
}
