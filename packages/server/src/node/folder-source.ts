/** A model folder on disk as a source of the server. */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readChatTemplate } from '@yoco-u/openai';
import type { LanguageModel } from '@yoco-u/spec';
import type { ModelSource } from '../options.ts';

export interface FolderSourceOptions {
  readonly path: string;
  /** Default: the folder's name. */
  readonly name?: string;
  /** Memory that the loaded model takes. */
  readonly bytes: number;
  /** Sequences that the loaded model runs at once. */
  readonly sequences: number;
  /** The signal aborts when the server ends before the model is there. */
  load(
    signal: AbortSignal,
  ): Promise<{ readonly model: LanguageModel; stats?(): Promise<CacheStats> } & AsyncDisposable>;
}

/** The part of an engine's statistics that tells how full its cache is. */
export interface CacheStats {
  /** Of the growing caches. */
  readonly pages: { readonly inUse: number; readonly total: number };
  /** Of windows and retention states, too. */
  readonly cacheBytesInUse: number;
  readonly cacheBytesReserved: number;
}

/** The chat template is read with the model: `chat_template.jinja` or `tokenizer_config.json`, if there is one. */
export function folderSource({ path, name, bytes, sequences, load }: FolderSourceOptions): ModelSource {
  return {
    name: name ?? basename(resolve(path)),
    bytes,
    async load(signal) {
      const chatTemplate = readChatTemplate({
        ...(await textFile(path, 'tokenizer_config.json', 'tokenizerConfig')),
        ...(await textFile(path, 'chat_template.jinja', 'chatTemplate')),
      });
      const loaded = await load(signal);
      return {
        model: loaded.model,
        sequences,
        ...(loaded.stats === undefined ? {} : { cacheUse: async () => shareInUse(await loaded.stats!()) }),
        ...(chatTemplate === undefined ? {} : { chatTemplate }),
        [Symbol.asyncDispose]: () => loaded[Symbol.asyncDispose](),
      };
    },
  };
}

/** Pages where there are any: they are what requests wait for. */
function shareInUse({ pages, cacheBytesInUse, cacheBytesReserved }: CacheStats): number {
  return pages.total > 0 ? pages.inUse / pages.total : cacheBytesInUse / cacheBytesReserved;
}

async function textFile<K extends string>(folder: string, file: string, key: K): Promise<Partial<Record<K, string>>> {
  try {
    return { [key]: await readFile(join(folder, file), 'utf8') } as Record<K, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
