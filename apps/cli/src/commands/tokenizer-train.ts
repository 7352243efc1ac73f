/** `tokenizer train`: texts to a tokenizer.json. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { serializeTokenizer, type TrainTokenizerProgress, trainTokenizer } from '@yoco-u/tokenizer';
import { formatBytes } from '../format.ts';
import { interruptSignal } from '../interrupt.ts';
import { createProgress } from '../progress.ts';
import { splitDocuments } from '../tokenizer/documents.ts';
import { findTextFiles, readTextFile, type TextFile } from '../tokenizer/text-files.ts';
import { writeText } from '../write-text.ts';

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
  const files = await findTextFiles(options.data);
  const path = await outputFile(options.out);
  const texts = createTexts(files, signal);
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
    await writeText(path, serializeTokenizer(tokenizer));
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
    texts.endProgress();
    merging.end();
    if (!signal.aborted) throw error;
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

function createTexts(files: readonly TextFile[], signal: AbortSignal) {
  const progress = createProgress('reading', 'bytes');
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let read = 0;
  let bytes = 0;
  let documents = 0;
  const observer = {
    signal,
    onRead(count: number) {
      read += count;
      progress.update(read, total);
    },
    onText(count: number) {
      bytes += count;
    },
  };
  return {
    async *read(): AsyncGenerator<string> {
      for (const file of files) {
        for await (const part of splitDocuments(readTextFile(file, observer))) {
          if (part.endsDocument) documents++;
          yield part.text;
        }
      }
      progress.end();
    },
    get bytes() {
      return bytes;
    },
    get documents() {
      return documents;
    },
    endProgress: progress.end,
  };
}
