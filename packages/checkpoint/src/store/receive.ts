/** Taking files in: to a directory, or to memory. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { downloadAgain, failure } from '../fail.ts';
import { createBlockDigests, digestBytes } from './digest.ts';
import type { IncomingFile } from './incoming-files.ts';
import { contentOf, openForWriting, type StoreDirectory, writeAll } from './store-directory.ts';
import { digestsFile, storedBlocks } from './stored-blocks.ts';

/** Files of a model by name. Those of a store can be read until the model is removed. */
export type ModelBlobs = ReadonlyMap<string, Blob>;

export interface ReceiveOptions {
  readonly signal?: AbortSignal;
  /** Bytes that are there so far and in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ReceivedFile {
  readonly content: Blob;
  /** `digestOf` what arrived, whatever became of it on the disk. */
  readonly digest: string;
}

/** Goes on with what the directory holds of each file, if that is what arrived. Throws `CheckpointError` for bytes that are not the file's. */
export async function receiveInto(
  directory: StoreDirectory,
  files: readonly IncomingFile[],
  options: ReceiveOptions,
): Promise<ReadonlyMap<string, ReceivedFile>> {
  const count = counterFor(files, options);
  const received = new Map<string, ReceivedFile>();
  for (const file of files) {
    const digest = await append(directory, file, count);
    received.set(file.name, { content: (await contentOf(directory, file.name))!, digest });
  }
  return received;
}

async function append(directory: StoreDirectory, file: IncomingFile, count: (bytes: number) => void): Promise<string> {
  const digests = createBlockDigests();
  const hash = hashFor(file);
  let size = 0;
  for await (const block of storedBlocks(directory, file)) {
    await digests.add(block);
    hash?.update(block);
    size += block.length;
    count(block.length);
  }
  using content = await openForWriting(directory, file.name);
  using proof = await openForWriting(directory, digestsFile(file.name));
  const prove = (index: number, digest: Uint8Array<ArrayBuffer>): void => writeAll(proof, digest, index * digestBytes);
  try {
    for await (const piece of missingPieces(file, size)) {
      writeAll(content, piece, size);
      size += piece.length;
      await digests.add(piece, prove);
      hash?.update(piece);
      count(piece.length);
    }
    if (isOther(file, hash)) {
      // nothing of it is to be gone on with
      size = 0;
      throw otherBytes(file);
    }
  } finally {
    // a piece of which a part was written is not gone on with
    content.truncate(size);
    const rest = await digests.rest();
    if (rest !== undefined) prove(rest.index, rest.digest);
  }
  return digests.whole();
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
    const parts: Blob[] = [];
    const hash = hashFor(file);
    let size = 0;
    const take = (bytes: Uint8Array<ArrayBuffer>): void => {
      // copied: what is removed from the directory can no longer be read
      parts.push(new Blob([bytes]));
      hash?.update(bytes);
      size += bytes.length;
      count(bytes.length);
    };
    if (begun !== undefined) {
      for await (const block of storedBlocks(begun, file)) take(block);
    }
    for await (const piece of missingPieces(file, size)) take(piece);
    if (isOther(file, hash)) throw otherBytes(file);
    taken.set(file.name, new Blob(parts));
  }
  return taken;
}

type Hash = ReturnType<typeof sha256.create>;

/** Of the whole file, where its source says what it must be: the platform hashes only what is in memory as a whole. */
function hashFor(file: IncomingFile): Hash | undefined {
  return file.sha256 === undefined ? undefined : sha256.create();
}

function isOther(file: IncomingFile, hash: Hash | undefined): boolean {
  return hash !== undefined && bytesToHex(hash.digest()) !== file.sha256;
}

function otherBytes({ name, sha256 }: IncomingFile): Error {
  const fix = 'the file was damaged on its way, or its server tells a wrong hash: load it again';
  return failure({ where: name, expected: `bytes of SHA-256 ${sha256}`, got: 'others', fix });
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
