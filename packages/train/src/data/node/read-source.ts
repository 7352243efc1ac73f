/** Documents of files, read in pieces. */

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { DataError, describeCause } from '../data-error.ts';
import { decodeText } from '../decode-text.ts';
import { type DocumentPiece, type PieceOptions, splitDocuments } from '../document-pieces.ts';
import { readJsonLines } from '../json-lines.ts';
import type { SourceFile } from './source-files.ts';

/** What a file held when it was read. */
export interface SourceFacts {
  readonly name: string;
  /** Bytes on disk. */
  readonly size: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly modified: number;
  /** SHA-256 of the bytes on disk, hexadecimal. */
  readonly sha256: string;
}

export interface ReadSourceOptions extends PieceOptions {
  /** Where objects of JSON lines hold their text. Default `text`. */
  readonly field?: string;
  readonly signal?: AbortSignal;
  /** Told of every chunk read: its file and bytes on disk. */
  readonly onRead?: (file: SourceFile, bytes: number) => void;
  /** Told of every file that was read to its end. */
  readonly onFile?: (facts: SourceFacts) => void;
}

const chunkBytes = 2 ** 18;

/**
 * Documents of all files, one file at a time; a document never goes on in the next file. Throws `DataError` naming the file that cannot
 * be read, is damaged, or holds no text. Aborting rejects with the signal's reason.
 */
export async function* readDocuments(
  files: readonly SourceFile[],
  options: ReadSourceOptions = {},
): AsyncGenerator<DocumentPiece> {
  for (const file of files) {
    const text = decodeText(decompress(readFile(file, options), file), file.name);
    if (file.format === 'json-lines') yield* readJsonLines(text, file.name, options);
    else yield* splitDocuments(text, options);
  }
}

/** The texts alone, such as for training a tokenizer. Long documents come in several. */
export async function* readTexts(
  files: readonly SourceFile[],
  options: ReadSourceOptions = {},
): AsyncGenerator<string> {
  for await (const { text } of readDocuments(files, options)) {
    if (text !== '') yield text;
  }
}

/** What a file holds now. */
export async function hashSource(file: SourceFile, options: ReadSourceOptions = {}): Promise<SourceFacts> {
  let facts: SourceFacts | undefined;
  const onFile = (read: SourceFacts) => {
    facts = read;
  };
  for await (const _chunk of readFile(file, { ...options, onFile }));
  if (facts === undefined) throw unreadable(file, 'no end');
  return facts;
}

async function* readFile(file: SourceFile, options: ReadSourceOptions): AsyncGenerator<Uint8Array> {
  const { signal, onRead, onFile } = options;
  const handle = await openFile(file);
  try {
    const { mtimeMs } = await handle.stat();
    const hash = createHash('sha256');
    let size = 0;
    for (;;) {
      signal?.throwIfAborted();
      const chunk = await readChunk(handle, file);
      if (chunk.length === 0) break;
      hash.update(chunk);
      size += chunk.length;
      onRead?.(file, chunk.length);
      yield chunk;
    }
    onFile?.({ name: file.name, size, modified: mtimeMs, sha256: hash.digest('hex') });
  } finally {
    await handle.close();
  }
}

async function openFile(file: SourceFile): Promise<FileHandle> {
  try {
    return await open(file.path, 'r');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function readChunk(handle: FileHandle, file: SourceFile): Promise<Uint8Array> {
  try {
    // Chunks are handed on, so each is an array of its own.
    const chunk = new Uint8Array(chunkBytes);
    // pipes know no positions
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    return chunk.subarray(0, bytesRead);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function* decompress(bytes: AsyncGenerator<Uint8Array>, file: SourceFile): AsyncGenerator<Uint8Array> {
  if (file.compression === 'none') {
    yield* bytes;
    return;
  }
  let failed: unknown;
  const guarded = async function* () {
    try {
      yield* bytes;
    } catch (error) {
      failed = error;
      throw error;
    }
  };
  const stream = file.compression === 'gzip' ? createGunzip() : createBrotliDecompress();
  // The error reaches the reader below through the stream.
  const output: Readable = pipeline(guarded, stream, () => undefined);
  try {
    yield* output as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (failed !== undefined) throw failed;
    const fix = 'the file is damaged or incomplete: write it again';
    throw new DataError(
      { where: file.name, expected: `${file.compression} data`, got: describeCause(cause), fix },
      { cause },
    );
  }
}

function unreadable(file: SourceFile, cause: unknown): DataError {
  const fix = 'check the path and its permissions';
  return new DataError({ where: file.name, expected: 'a readable file', got: describeCause(cause), fix }, { cause });
}
