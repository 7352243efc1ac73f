/** Files on disk, in Node. */
import { constants, type FileHandle, open } from 'node:fs/promises';
import { type ByteSource, readText, requireRange, textLimit } from '../byte-source.ts';
import { downloadAgain, failure } from '../fail.ts';

/**
 * Opens a file for reading. The caller closes it. A file that is replaced by renaming meanwhile is read on as it was. Throws
 * `CheckpointError` if there is no such file, or if it is not a file.
 */
export async function openFileSource(path: string): Promise<ByteSource> {
  const source = await openFileIfPresent(path);
  if (source !== undefined) return source;
  throw failure({ where: path, expected: 'a file', got: 'nothing under this name', fix: 'check the path' });
}

/** As `openFileSource`, but undefined if there is nothing under this name. */
export async function openFileIfPresent(path: string): Promise<ByteSource | undefined> {
  let handle: FileHandle;
  try {
    // a pipe that nobody writes to would be waited for
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw unreadable(path, cause);
  }
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) {
      const got = facts.isDirectory() ? 'a directory' : 'something that is not a regular file';
      throw failure({ where: path, expected: 'a file', got, fix: 'remove it and put the file in its place' });
    }
    return handleSource(handle, path, facts.size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The text of a file such as tokenizer.json. Throws `CheckpointError` if it is no file, has more than 64 MiB, or is not UTF-8. */
export async function readTextFile(path: string): Promise<string> {
  const source = await openFileSource(path);
  try {
    return await readText(source, textLimit);
  } finally {
    await source.close?.();
  }
}

/** The system's name of an error, such as ENOENT. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function handleSource(handle: FileHandle, name: string, size: number): ByteSource {
  return {
    name,
    size,
    async read(offset, length, into) {
      requireRange(name, size, offset, length);
      const target = into ?? new Uint8Array(length);
      for (let filled = 0; filled < length; ) {
        const bytesRead = await readSome(handle, name, target, filled, length - filled, offset + filled);
        if (bytesRead === 0) {
          const got = `its end at byte ${offset + filled}`;
          throw failure({
            where: name,
            expected: `the ${size} bytes it had when it was opened`,
            got,
            fix: downloadAgain,
          });
        }
        filled += bytesRead;
      }
      return target.subarray(0, length);
    },
    close: () => handle.close(),
  };
}

async function readSome(
  handle: FileHandle,
  name: string,
  target: Uint8Array,
  start: number,
  length: number,
  position: number,
): Promise<number> {
  try {
    return (await handle.read(target, start, length, position)).bytesRead;
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function unreadable(path: string, cause: unknown): Error {
  const got = cause instanceof Error ? cause.message : String(cause);
  return failure({ where: path, expected: 'a readable file', got, fix: 'check the path and its permissions', cause });
}
