/** Taking files in: to a directory, or to memory. */
import { downloadAgain, failure } from '../fail.ts';
import type { IncomingFile } from './incoming-files.ts';
import { contentOf, openForWriting, type StoreDirectory, type StoreFileAccess, writeAll } from './store-directory.ts';

/** Files of a model by name. Those of a store can be read until the model is removed. */
export type ModelBlobs = ReadonlyMap<string, Blob>;

export interface ReceiveOptions {
  readonly signal?: AbortSignal;
  /** Bytes that are there so far and in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Goes on with what the directory holds of each file. */
export async function receiveInto(
  directory: StoreDirectory,
  files: readonly IncomingFile[],
  options: ReceiveOptions,
): Promise<ModelBlobs> {
  const count = counterFor(files, options);
  const taken = new Map<string, Blob>();
  for (const file of files) {
    const access = await openForWriting(directory, file.name);
    try {
      if (access.getSize() > file.size) access.truncate(0);
      await append(access, file, count);
    } finally {
      access.close();
    }
    taken.set(file.name, (await contentOf(directory, file.name))!);
  }
  return taken;
}

async function append(access: StoreFileAccess, file: IncomingFile, count: (bytes: number) => void): Promise<void> {
  let size = access.getSize();
  count(size);
  try {
    for await (const piece of missingPieces(file, size)) {
      writeAll(access, piece, size);
      size += piece.length;
      count(piece.length);
    }
  } finally {
    // a piece of which a part was written is not gone on with
    access.truncate(size);
    access.flush();
  }
}

/** Takes files into memory. `begun` may hold the beginnings of some. Throws what a file throws. */
export async function receiveInMemory(
  files: readonly IncomingFile[],
  options: ReceiveOptions = {},
  begun?: StoreDirectory,
): Promise<ModelBlobs> {
  const count = counterFor(files, options);
  const taken = new Map<string, Blob>();
  for (const file of files) {
    const there = begun === undefined ? undefined : await contentOf(begun, file.name);
    // copied: what is removed from the directory can no longer be read
    const parts: BlobPart[] = there === undefined ? [] : [await there.arrayBuffer()];
    count(there?.size ?? 0);
    for await (const piece of missingPieces(file, there?.size ?? 0)) {
      parts.push(new Blob([piece]));
      count(piece.length);
    }
    taken.set(file.name, new Blob(parts));
  }
  return taken;
}

/** What is missing of a file of which `size` bytes are there. Throws `CheckpointError` where it turns out longer or shorter. */
async function* missingPieces(file: IncomingFile, size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let reached = size;
  if (reached < file.size) {
    for await (const piece of file.read(reached)) {
      reached += piece.length;
      if (reached > file.size) break;
      // files and blobs take nothing from shared memory
      yield piece.buffer instanceof ArrayBuffer ? (piece as Uint8Array<ArrayBuffer>) : piece.slice();
    }
  }
  if (reached === file.size) return;
  const got = reached > file.size ? 'more' : `${reached}`;
  throw failure({ where: file.name, expected: `${file.size} bytes`, got, fix: downloadAgain });
}

function counterFor(files: readonly IncomingFile[], { signal, onProgress }: ReceiveOptions): (bytes: number) => void {
  const total = totalSize(files);
  let done = 0;
  return (bytes) => {
    signal?.throwIfAborted();
    done += bytes;
    onProgress?.(done, total);
  };
}

export function totalSize(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
