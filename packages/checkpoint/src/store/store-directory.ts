/** The part of the origin-private file system that a store needs: as a dedicated worker has it. */
import { failure } from '../fail.ts';

/** Of `FileSystemSyncAccessHandle`: it writes in place, so that what is written stays when the tab is closed. */
export interface StoreFileAccess {
  getSize(): number;
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** Of `FileSystemFileHandle`. */
export interface StoreFile {
  readonly name: string;
  getFile(): Promise<Blob>;
  createSyncAccessHandle(): Promise<StoreFileAccess>;
}

/** Of `FileSystemDirectoryHandle`. */
export interface StoreDirectory {
  getDirectoryHandle(name: string, options?: { readonly create: boolean }): Promise<StoreDirectory>;
  getFileHandle(name: string, options?: { readonly create: boolean }): Promise<StoreFile>;
  removeEntry(name: string, options?: { readonly recursive: boolean }): Promise<void>;
  keys(): AsyncIterable<string>;
}

/** Opens a file for writing, made if need be; to be disposed of. Throws `CheckpointError` while another tab writes it. */
export async function openForWriting(directory: StoreDirectory, name: string): Promise<StoreFileAccess & Disposable> {
  const file = await directory.getFileHandle(name, { create: true });
  try {
    const access = await file.createSyncAccessHandle();
    const dispose = (): void => {
      access.flush();
      access.close();
    };
    return Object.assign(access, { [Symbol.dispose]: dispose });
  } catch (cause) {
    if (!hasName(cause, 'NoModificationAllowedError')) throw cause;
    const fix = 'let it finish, or close that tab';
    throw failure({ where: name, expected: 'a file that nobody writes', got: 'another tab that does', fix, cause });
  }
}

/** Writes all of it, or throws the browser's error for want of room. */
export function writeAll(access: StoreFileAccess, bytes: Uint8Array<ArrayBuffer>, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    const written = access.write(bytes.subarray(done), { at: at + done });
    // in private windows of Chromium an error is a number, of 32 bits and beyond what was asked for
    if (written === 0 || written > bytes.length - done) throw new DOMException('no room', 'QuotaExceededError');
    done += written;
  }
}

/** A file's content, or undefined where there is no such file. */
export async function contentOf(directory: StoreDirectory, name: string): Promise<Blob | undefined> {
  return (await ifThere(directory.getFileHandle(name)))?.getFile();
}

/** The result, or undefined where there is no such entry. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasName(error, 'NotFoundError')) return undefined;
    throw error;
  }
}

/** Whether the browser says that there is no room. */
export function isQuotaError(error: unknown): boolean {
  return hasName(error, 'QuotaExceededError');
}

function hasName(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
