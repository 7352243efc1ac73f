/** Files of a cache that are wholly written or not there at all. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError, describeCause } from '../data-error.ts';

/** A file under a temporary name. Either committed or discarded. */
export interface StagedFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes to disk; the result is the SHA-256 of all that was written. */
  finish(): Promise<string>;
  /** Gives it its name, in place of what had it before. */
  commit(path: string): Promise<void>;
  discard(): Promise<void>;
}

const longestPause = 3_600_000;

/** Makes the folder if need be. Throws `DataError`, naming the folder, where the system refuses. */
export async function stageFile(folder: string, key: string): Promise<StagedFile> {
  const temporary = join(folder, `.${key}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  await naming(folder, mkdir(folder, { recursive: true }));
  const handle = await naming(folder, open(temporary, 'wx'));
  const hash = createHash('sha256');
  return {
    async write(bytes) {
      hash.update(bytes);
      for (let written = 0; written < bytes.length; ) {
        written += (await naming(folder, handle.write(bytes, written, bytes.length - written))).bytesWritten;
      }
    },
    async finish() {
      await naming(folder, handle.sync());
      await naming(folder, handle.close());
      return hash.digest('hex');
    },
    async commit(path) {
      await naming(path, rename(temporary, path));
      await syncFolder(dirname(path));
    },
    async discard() {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true });
    },
  };
}

/** Writes a whole file. */
export async function writeWhole(folder: string, name: string, key: string, text: string): Promise<void> {
  const staged = await stageFile(folder, key);
  try {
    await staged.write(new TextEncoder().encode(text));
    await staged.finish();
    await staged.commit(join(folder, name));
  } catch (error) {
    await staged.discard();
    throw error;
  }
}

/** Removes what killed processes left under temporary names. */
export async function removeAbandoned(folder: string, key: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const owner = name.startsWith(`.${key}.`) ? /\.(\d+)\.[0-9a-f]{12}\.tmp$/.exec(name)?.[1] : undefined;
    if (owner === undefined) continue;
    const path = join(folder, name);
    if (!isRunning(Number(owner)) || (await isIdle(path))) await rm(path, { force: true });
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Process ids come round again, so one that runs need not be the one that wrote. Writers write several times a second. */
async function isIdle(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > longestPause;
}

/** Makes a new name itself durable. Some systems cannot open folders; there it is up to the file system. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

async function naming<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const fix = 'check that the folder may be written to and that the disk has room, or name another one';
    const got = describeCause(cause);
    throw new DataError({ where: path, expected: 'a folder for token files', got, fix }, { cause });
  }
}
