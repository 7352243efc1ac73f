/** Where the files of a model folder come from. */
import { type ByteSource, blobSource, memorySource } from './byte-source.ts';
import { failure } from './fail.ts';
import { openHttpSource } from './http/http-source.ts';
import type { HttpOptions } from './http/request.ts';

/** A folder, seen as files by name. */
export interface ModelFiles {
  /** Shown in errors: a path or a URL. */
  readonly name: string;
  /** Opens a file; undefined if there is none of this name. Throws `CheckpointError` if it cannot be read. */
  open(file: string): Promise<ByteSource | undefined>;
}

export type FileContent = Uint8Array | Blob | string;

/** Files in memory by name; text counts as UTF-8. */
export function memoryFiles(files: ReadonlyMap<string, FileContent>, name = 'memory'): ModelFiles {
  return {
    name,
    async open(file) {
      const content = files.get(file);
      if (content === undefined) return undefined;
      const path = `${name}/${file}`;
      if (content instanceof Blob) return blobSource(content, path);
      return memorySource(typeof content === 'string' ? new TextEncoder().encode(content) : content, path);
    },
  };
}

/** Files under a base URL, with or without a slash at its end; its query is sent along. */
export function httpFiles(base: URL, options: HttpOptions = {}): ModelFiles {
  const folder = new URL(base);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return {
    // The query may hold a key: it belongs in no message.
    name: base.origin + base.pathname,
    open(file) {
      const url = new URL(encodeURIComponent(file), folder);
      url.search = folder.search;
      return openHttpSource(url, options);
    },
  };
}

/** The part of `FileSystemDirectoryHandle` that is needed. */
export interface DirectoryHandle {
  readonly name: string;
  getFileHandle(name: string): Promise<{ getFile(): Promise<Blob> }>;
}

/** Files of a browser's directory handle: of the origin-private file system, or of a folder the user picked. */
export function directoryHandleFiles(directory: DirectoryHandle): ModelFiles {
  // The root of the origin-private file system has no name.
  const name = directory.name === '' ? 'origin-private file system' : directory.name;
  return {
    name,
    async open(file) {
      const path = `${name}/${file}`;
      try {
        const handle = await directory.getFileHandle(file);
        return blobSource(await handle.getFile(), path);
      } catch (cause) {
        if (cause instanceof DOMException && cause.name === 'NotFoundError') return undefined;
        const got = cause instanceof Error ? cause.message : String(cause);
        throw failure({
          where: path,
          expected: 'a readable file',
          got,
          fix: 'allow access to the folder, or pick it again',
          cause,
        });
      }
    },
  };
}
