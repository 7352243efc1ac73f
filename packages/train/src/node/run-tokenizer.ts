/** The tokenizer of a run: given, or learned from its text. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readTextFile } from '@yoco-u/checkpoint/node';
import { readTexts } from '../data/node/read-source.ts';
import { listSourceFiles, requireRegularFiles, type SourceFile } from '../data/node/source-files.ts';
import { learnTokenizer } from '../learn-tokenizer.ts';
import { sizesForText } from '../run-config.ts';
import type { RunRequest } from '../run-request.ts';

export interface TokenizerProgress {
  readonly phase: 'learning the tokenizer';
  /** Bytes read, then tokens learned. */
  readonly unit: 'bytes' | 'tokens';
  readonly done: number;
  readonly total: number;
}

export interface RunTextOptions {
  readonly directory?: string | undefined;
  readonly onProgress?: ((progress: TokenizerProgress) => void) | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What text takes when it is decompressed, for files that are compressed. */
const usualCompression = 3.5;

/** Bytes of text: estimated for compressed files. Throws `DataError` for sources without files, and for pipes. */
export async function measureText(sources: readonly string[], options: RunTextOptions): Promise<number> {
  const files = await listSourceFiles(sources, directoryOf(options));
  await requireRegularFiles(files);
  let bytes = 0;
  for (const file of files) bytes += (await sizeOf(file)) * (file.compression === 'none' ? 1 : usualCompression);
  return bytes;
}

/** tokenizer.json. Throws `CheckpointError` for a file that cannot be read, `DataError` or `TokenizerError`. */
export async function tokenizerFor(request: RunRequest, textBytes: number, options: RunTextOptions): Promise<string> {
  if (request.tokenizer !== undefined) return readTextFile(resolve(options.directory ?? '.', request.tokenizer));
  const { signal, onProgress, onWarning } = options;
  const files = await listSourceFiles(request.data ?? [], directoryOf(options));
  let total = 0;
  for (const file of files) total += await sizeOf(file);
  let read = 0;
  const report = (unit: TokenizerProgress['unit'], done: number, of: number): void =>
    onProgress?.({ phase: 'learning the tokenizer', unit, done, total: of });
  const texts = readTexts(files, {
    ...(request.field === undefined ? {} : { field: request.field }),
    ...(signal === undefined ? {} : { signal }),
    onRead(_file, bytes) {
      read += bytes;
      report('bytes', read, total);
    },
  });
  return learnTokenizer(texts, sizesForText(request, textBytes).vocabularySize, {
    onProgress: (done, wanted) => report('tokens', done, wanted),
    onWarning,
    signal,
  });
}

function directoryOf({ directory }: RunTextOptions): { readonly directory?: string } {
  return directory === undefined ? {} : { directory };
}

/** A file that is gone is reported when it is read. */
async function sizeOf({ path }: SourceFile): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
