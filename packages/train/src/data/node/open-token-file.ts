/** A corpus in a file of ids, read at positions. */

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Corpus } from '../corpus.ts';
import { DataError, describeCause } from '../data-error.ts';
import type { DocumentTable } from '../document-table.ts';
import type { CacheManifest } from './cache-manifest.ts';

export interface OpenTokenFileOptions {
  /** Compares all bytes with the hash of the manifest. */
  readonly verify: boolean;
  /** Shown in errors. */
  readonly name: string;
  readonly signal: AbortSignal | undefined;
}

const chunkBytes = 2 ** 20;

/** Reads the table of documents; ids stay on disk. In words why the file cannot be used, if so. */
export async function openTokenFile(
  path: string,
  manifest: CacheManifest,
  options: OpenTokenFileOptions,
): Promise<Corpus | string> {
  const { tokens, bytes, fingerprint, vocabularySize, fileBytes, fileSha256 } = manifest;
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return 'its file of ids is missing';
  try {
    const problem = await checkFile(handle, fileBytes, options.verify ? fileSha256 : undefined, options.signal);
    const documents = problem ?? (await readTable(handle, manifest));
    if (typeof documents === 'string') {
      await handle.close();
      return documents;
    }
    let closed: Promise<void> | undefined;
    return {
      name: options.name,
      vocabularySize,
      tokens,
      bytes,
      documents,
      fingerprint,
      read: createReader(handle, path, manifest),
      async [Symbol.asyncDispose]() {
        closed ??= handle.close();
        await closed;
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function checkFile(
  handle: FileHandle,
  size: number,
  sha256: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const facts = await handle.stat();
  if (!facts.isFile() || facts.size !== size) return `its file of ids has ${facts.size} bytes instead of ${size}`;
  if (sha256 === undefined) return undefined;
  const hash = createHash('sha256');
  const chunk = new Uint8Array(chunkBytes);
  for (let offset = 0; offset < size; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset);
    if (bytesRead === 0) break;
    hash.update(chunk.subarray(0, bytesRead));
    offset += bytesRead;
  }
  return hash.digest('hex') === sha256 ? undefined : 'its file of ids is damaged';
}

async function readTable(handle: FileHandle, manifest: CacheManifest): Promise<DocumentTable | string> {
  const { documents: count, documentTableOffset, tokens } = manifest;
  const column = async (index: number): Promise<Float64Array> => {
    const values = new Float64Array(count);
    await readFully(handle, new Uint8Array(values.buffer), documentTableOffset + index * count * 8);
    return values;
  };
  const table = { count, tokenEnds: await column(0), bytes: await column(1), hashes: await column(2) };
  const isOrdered = table.tokenEnds.every(
    (end, document) => end > (document === 0 ? 0 : table.tokenEnds[document - 1]),
  );
  return isOrdered && table.tokenEnds.at(-1) === tokens ? table : 'its table of documents is damaged';
}

function createReader(handle: FileHandle, path: string, { idBytes, tokens, vocabularySize }: CacheManifest) {
  const fail = (got: string, cause?: unknown): never => {
    const fix = 'the cache was damaged while in use: start again, and it is rebuilt';
    throw new DataError({ where: path, expected: 'the ids it was opened with', got, fix }, { cause });
  };
  return async (start: number, into: Int32Array): Promise<void> => {
    if (!Number.isSafeInteger(start) || start < 0 || start + into.length > tokens) {
      fail(`a read of tokens ${start} to ${start + into.length} of ${tokens}`);
    }
    const ids = new (idBytes === 2 ? Uint16Array : Uint32Array)(into.length);
    try {
      await readFully(handle, new Uint8Array(ids.buffer), start * idBytes);
    } catch (cause) {
      fail(describeCause(cause), cause);
    }
    for (let index = 0; index < ids.length; index++) {
      if (ids[index] >= vocabularySize) fail(`id ${ids[index]} with a vocabulary of ${vocabularySize}`);
      into[index] = ids[index];
    }
  };
}

async function readFully(handle: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let filled = 0; filled < into.length; ) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled);
    if (bytesRead === 0) throw new Error(`the end of the file at byte ${position + filled}`);
    filled += bytesRead;
  }
}
