/** `serve`: an OpenAI-compatible server of model folders, until a signal ends it. */
import { Worker } from 'node:worker_threads';
import { openModelFolder } from '@yoco-u/checkpoint/node';
import type { ModelSource } from '@yoco-u/server';
import { createLogger, folderSource, keepHeapSteady, readKeyFile, serve as startServer } from '@yoco-u/server/node';
import { estimateMemory, type LoadModelOptions } from '@yoco-u/yoco-u';
import { loadModelFolderInWorker } from '@yoco-u/yoco-u/node';
import { formatBytes } from '../format.ts';
import { modelFolder } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';

export interface ServeCommandOptions extends Omit<ModelOptions, 'json'> {
  readonly host: string;
  readonly port: number;
  readonly sequences: number;
  readonly queue: number;
  readonly prefixCache: number;
  readonly memory?: number;
  readonly apiKeys?: string;
  readonly corsOrigin?: readonly string[];
  readonly logPrompts?: boolean;
  readonly grace: number;
}

export async function serve(folders: readonly string[], options: ServeCommandOptions): Promise<void> {
  keepHeapSteady();
  const logger = createLogger();
  const models = await Promise.all(
    (folders.length === 0 ? [undefined] : folders).map((text) => source(text, options, logger)),
  );
  const serving = await startServer({
    models,
    host: options.host,
    port: options.port,
    limits: { queue: options.queue },
    logger,
    logPrompts: options.logPrompts === true,
    ...(options.memory === undefined ? {} : { memoryBytes: options.memory * 2 ** 20 }),
    ...(options.apiKeys === undefined ? {} : { apiKeys: await readKeyFile(options.apiKeys) }),
    ...(options.corsOrigin === undefined ? {} : { corsOrigins: options.corsOrigin }),
  });
  const names = models.map(({ name, bytes }) => `${name} (${formatBytes(bytes)})`).join(', ');
  console.error(`serving ${names} on ${serving.url}; Ctrl-C ends it`);
  const ended = endSignal();
  try {
    await Promise.race([serving.server.warmUp(), ended]);
    await ended;
    console.error(`ending; requests under way have ${options.grace} s (once more: at once)`);
  } finally {
    await serving.stop(options.grace * 1000);
  }
}

/** A folder, or name=folder. The bundled model is called yoco-u. */
async function source(
  text: string | undefined,
  options: ServeCommandOptions,
  logger: ReturnType<typeof createLogger>,
): Promise<ModelSource> {
  const { name, folder } = /^(?<name>[\w.-]+)=(?<folder>.+)$/.exec(text ?? '')?.groups ?? {};
  const path = modelFolder(folder ?? text);
  const load: LoadModelOptions = {
    backend: options.backend,
    ...(options.variant === undefined ? {} : { variant: options.variant }),
    sequences: options.sequences,
    prefixCacheBytes: options.prefixCache * 2 ** 20,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.simd === undefined ? {} : { simd: options.simd }),
    ...(options.context === undefined ? {} : { contextLength: options.context }),
    ...(options.iterations === undefined ? {} : { iterations: options.iterations }),
  };
  await using files = await openModelFolder(path);
  const called = name ?? (text === undefined ? 'yoco-u' : undefined);
  return folderSource({
    path,
    ...(called === undefined ? {} : { name: called }),
    bytes: estimateMemory(files, load),
    sequences: options.sequences,
    async load(signal) {
      const loaded = await loadModelFolderInWorker(path, { ...load, signal, worker: modelWorker() });
      logger.info({ path, backend: loaded.backend.description }, 'loaded');
      return loaded;
    },
  });
}

/** A thread for one model: the bundle's own script, or the source. */
function modelWorker(): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const script = new URL(isSource ? '../model-worker.ts' : './model-worker.js', import.meta.url);
  return new Worker(script, { execArgv: isSource ? ['--conditions=@yoco-u/source'] : [], name: 'model' });
}

/** Resolves at the first SIGTERM or Ctrl-C; a second Ctrl-C ends at once. */
function endSignal(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      process.once('SIGINT', () => process.exit(130));
      resolve();
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  });
}
