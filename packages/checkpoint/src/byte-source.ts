/** Where bytes come from: a file, a server, a blob or memory, read in ranges. */
import { downloadAgain, failure } from './fail.ts';

/** Something with a known size that can be read in pieces. Reads may overlap in time. */
export interface ByteSource {
  /** Shown in errors: a path, a URL or a file name. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Differs between contents, where a server tells: its entity tag, the time of the last change, or both. */
  readonly version?: string;
  /** SHA-256 of the whole as hexadecimal digits, where a server tells it. */
  readonly sha256?: string;
  /**
   * Exactly `length` bytes from `offset`. With `into` (at least as long) they are written there and its first `length` bytes are
   * returned; without it the result may be a view of the source and must not be written to.
   * Throws `CheckpointError` if the range is not there or cannot be read.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  /** Gives back what the source holds (a file handle, a connection). It must not be read afterwards. */
  close?(): Promise<void>;
}

/** How far a file has been read. */
export interface LoadProgress {
  readonly file: string;
  /** Bytes transferred so far; more than `totalBytes` if parts are read twice. */
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** Bytes that are already in memory. Nothing is copied. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(offset, length, into) {
      requireRange(name, bytes.length, offset, length);
      const view = bytes.subarray(offset, offset + length);
      if (into === undefined) return view;
      into.set(view);
      return into.subarray(0, length);
    },
  };
}

/** A `Blob` or `File`, such as one dropped on a page or held by the origin-private file system. */
export function blobSource(blob: Blob, name: string): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length, into) {
      requireRange(name, blob.size, offset, length);
      let bytes: Uint8Array;
      try {
        bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (cause) {
        const fix = 'the file changed or was removed since it was opened: choose it again';
        throw failure({ where: name, expected: 'a readable file', got: String(cause), fix, cause });
      }
      if (into === undefined) return bytes;
      into.set(bytes);
      return into.subarray(0, length);
    },
  };
}

/** Throws `CheckpointError` unless the range lies inside the file. */
export function requireRange(name: string, size: number, offset: number, length: number): void {
  if (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= size
  )
    return;
  throw failure({
    where: name,
    expected: `bytes ${offset} to ${offset + length}`,
    got: `a file of ${size} bytes`,
    fix: downloadAgain,
  });
}

/** Few requests for a large file, little that is lost with a connection. */
const pieceBytes = 2 ** 21;

/** The bytes from `offset` to the end. A piece is valid until the next is asked for. */
export async function* readInOrder(source: ByteSource, offset: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(Math.min(pieceBytes, Math.max(0, source.size - offset)));
  for (let start = offset; start < source.size; start += piece.length) {
    yield await source.read(start, Math.min(piece.length, source.size - start), piece);
  }
}

/** Large tokenizers have 30 MB, an index of 100,000 tensors 10 MB. */
export const textLimit = 2 ** 26;

/** The whole source as text. Throws `CheckpointError` if it is longer than `limit` bytes or not UTF-8. */
export async function readText(source: ByteSource, limit: number): Promise<string> {
  if (source.size > limit) {
    const fix = 'this is not a file of this kind; check the name';
    throw failure({ where: source.name, expected: `at most ${limit} bytes`, got: `${source.size} bytes`, fix });
  }
  return decodeUtf8(await source.read(0, source.size), source.name);
}

/** Text of UTF-8 bytes, strictly. A byte order mark is kept. */
export function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    // Browsers refuse to decode from shared memory.
    const own = bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(own);
  } catch (cause) {
    throw failure({ where, expected: 'UTF-8 text', got: 'bytes that are not UTF-8', fix: downloadAgain, cause });
  }
}
