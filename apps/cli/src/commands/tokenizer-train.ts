/** `tokenizer train`: texts to a tokenizer.json. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from '@yoco-u/checkpoint/node';
import { serializeTokenizer, type TrainTokenizerProgress, trainTokenizer } from '@yoco-u/tokenizer';
import { listSourceFiles, readDocuments, type SourceFile } from '@yoco-u/train/node';
import { formatBytes } from '../format.ts';
import { interruptSignal } from '../interrupt.ts';
import { clearProgress, createProgress } from '../progress.ts';

export interface TokenizerTrainOptions {
  readonly data: readonly string[];
  readonly vocabularySize: number;
  readonly out: string;
  /** False: none. */
  readonly special: readonly string[] | false;
  readonly minFrequency: number;
  readonly pattern?: string;
  readonly json?: boolean;
}

export async function tokenizerTrain(options: TokenizerTrainOptions): Promise<void> {
  const signal = interruptSignal();
  const began = performance.now();
  const files = await listSourceFiles(options.data);
  const path = await outputFile(options.out);
  const texts = createTexts(files, await sizeOf(files), signal);
  const merging = createProgress('merging', 'tokens');
  const warnings: string[] = [];
  try {
    const tokenizer = await trainTokenizer(texts.read(), {
      vocabularySize: options.vocabularySize,
      specialTokens: options.special === false ? [] : options.special,
      minFrequency: options.minFrequency,
      signal,
      onProgress({ phase, done, total }: TrainTokenizerProgress) {
        if (phase === 'merging') merging.update(done, total ?? 0);
      },
      onWarning: (message) => warnings.push(message),
      ...(options.pattern === undefined ? {} : { pattern: options.pattern }),
    });
    await writeFileAtomically(path, [new TextEncoder().encode(serializeTokenizer(tokenizer))]);
    merging.end();
    const seconds = (performance.now() - began) / 1000;
    const { vocabularySize, specialTokens } = tokenizer;
    const { documents, bytes } = texts;
    for (const warning of warnings) console.error(`warning: ${warning}`);
    if (options.json === true) {
      const special = Object.fromEntries(specialTokens);
      const counts = { files: files.length, documents, textBytes: bytes };
      console.log(JSON.stringify({ path, vocabularySize, specialTokens: special, ...counts, seconds, warnings }));
      return;
    }
    console.log(`${path}: ${vocabularySize} tokens, ${specialTokens.size} of them special`);
    console.log(
      `text: ${formatBytes(bytes)}, documents: ${documents}, files: ${files.length}, ${seconds.toFixed(1)} s`,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    clearProgress();
    console.error('interrupted; nothing was written');
  }
}

/** The file to write; its folder is made first, so that a path that cannot be written is found before the work. */
async function outputFile(out: string): Promise<string> {
  const isFolder = (await stat(out).catch(() => undefined))?.isDirectory() ?? !out.endsWith('.json');
  const path = isFolder ? join(out, 'tokenizer.json') : out;
  await mkdir(dirname(path), { recursive: true });
  return path;
}

/** Bytes on disk. A file that is gone is reported when it is read. */
async function sizeOf(files: readonly SourceFile[]): Promise<number> {
  let total = 0;
  for (const { path } of files) total += (await stat(path).catch(() => undefined))?.size ?? 0;
  return total;
}

function createTexts(files: readonly SourceFile[], total: number, signal: AbortSignal) {
  const progress = createProgress('reading', 'bytes');
  let read = 0;
  let bytes = 0;
  let documents = 0;
  const onRead = (_file: SourceFile, count: number): void => {
    read += count;
    progress.update(read, total);
  };
  return {
    async *read(): AsyncGenerator<string> {
      for await (const { text, end } of readDocuments(files, { signal, onRead })) {
        bytes += Buffer.byteLength(text);
        if (end) documents++;
        if (text !== '') yield text;
      }
      progress.end();
    },
    get bytes() {
      return bytes;
    },
    get documents() {
      return documents;
    },
  };
}
