/** Files of text that a command names: files as they are, folders with the *.txt and *.txt.br below them. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createBrotliDecompress } from 'node:zlib';
import { UsageError } from '../run-program.ts';

export interface TextFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
}

export interface ReadObserver {
  /** Bytes read from disk. */
  readonly onRead: (bytes: number) => void;
  /** Bytes of text, decompressed. */
  readonly onText: (bytes: number) => void;
  /** Ends reading, even from a pipe that gives nothing. */
  readonly signal: AbortSignal;
}

/** In the order given; a folder's by path, so that every machine reads the same order. */
export async function findTextFiles(paths: readonly string[]): Promise<readonly TextFile[]> {
  const files: TextFile[] = [];
  for (const path of paths) {
    const found = await stat(path);
    if (!found.isDirectory()) {
      files.push({ path, bytes: found.size });
      continue;
    }
    const before = files.length;
    for (const name of (await readdir(path, { recursive: true })).sort()) {
      if (!/\.txt(\.br)?$/.test(name)) continue;
      const file = await stat(join(path, name));
      if (file.isFile()) files.push({ path: join(path, name), bytes: file.size });
    }
    if (files.length === before)
      throw new UsageError(`${path}: expected *.txt or *.txt.br files, got none; check the path`);
  }
  return files;
}

/** Text of a file, piece by piece; `.br` is decompressed on the way. */
export async function* readTextFile({ path }: TextFile, observer: ReadObserver): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const read = observed(createReadStream(path, { highWaterMark: 2 ** 18, signal: observer.signal }), observer.onRead);
  const text = observed(path.endsWith('.br') ? decompressed(read, path) : read, observer.onText);
  try {
    for await (const chunk of text) yield utf8.decode(chunk, { stream: true });
    yield utf8.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${path}: expected UTF-8 text, got other bytes; convert the file`, { cause: error });
  }
}

async function* observed(chunks: AsyncIterable<Buffer>, tell: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    tell(chunk.length);
    yield chunk;
  }
}

async function* decompressed(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  try {
    // The error, if any, also ends the loop over the stream.
    yield* pipeline(chunks, createBrotliDecompress(), () => {});
  } catch (error) {
    if (!isBrotliError(error)) throw error;
    throw new UsageError(`${path}: expected brotli data, got other bytes; compress the file again`, { cause: error });
  }
}

function isBrotliError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(ERR__|ERR_BROTLI|Z_)/.test(String(error.code));
}
