/** Files that are either wholly written or not there at all. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { failure } from '../fail.ts';

/** A file that is complete on disk, under a temporary name in the folder of its target. */
export interface StagedFile {
  readonly path: string;
  /** Gives it its name, in place of what had it before. */
  commit(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
}

type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Writes a file under a temporary name, flushes it to disk, and renames it. A failure leaves what was there before. */
export async function writeFileAtomically(path: string, pieces: Pieces): Promise<void> {
  const staged = await stageFile(path, pieces);
  await staged.commit();
}

/**
 * Removes what killed writers of these files left in a folder under temporary names. Whoever still writes one of them loses it: call
 * it where nobody else can.
 */
export async function removeAbandonedFiles(folder: string, files: readonly string[]): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const left = names.filter((name) => files.includes(/^\.(.+)\.[0-9a-f]{12}\.tmp$/.exec(name)?.[1] ?? ''));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}

/**
 * The first half of `writeFileAtomically`. Throws `CheckpointError`, naming the path, where the system refuses; errors of `pieces`
 * pass through.
 */
export async function stageFile(path: string, pieces: Pieces): Promise<StagedFile> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const discard = () => rm(temporary, { force: true });
  const handle = await naming(path, open(temporary, 'wx'));
  try {
    for await (const piece of pieces) await naming(path, writeAll(handle, piece));
    await naming(path, handle.sync());
    await naming(path, handle.close());
  } catch (error) {
    await handle.close().catch(() => undefined);
    await discard();
    throw error;
  }
  return {
    path,
    discard,
    async commit() {
      try {
        await naming(path, rename(temporary, path));
      } catch (error) {
        await discard();
        throw error;
      }
      await syncFolder(folder);
    },
  };
}

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let written = 0; written < piece.length; ) {
    written += (await handle.write(piece, written, piece.length - written)).bytesWritten;
  }
}

/** Makes the new name itself durable. Some systems cannot open folders; there it is up to the file system. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Names the path where the system says only what it refused. */
async function naming<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    const fix = 'check that the folder exists, that it may be written to and that the disk has room';
    throw failure({ where: path, expected: 'a file that can be written', got, fix, cause });
  }
}
