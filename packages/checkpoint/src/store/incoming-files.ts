/** Files of a model on their way in: from a server, a folder or a zip file. */
import { readInOrder } from '../byte-source.ts';
import { failure } from '../fail.ts';
import type { ModelFiles } from '../model-files.ts';
import { type ModelFolder, openModelFolder } from '../model-folder.ts';

export interface IncomingFile {
  /** A plain file name: no folders. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Differs between contents, where that is known. */
  readonly version?: string;
  /** SHA-256 of the whole as hexadecimal digits, where the source tells it: what arrives is compared with it. */
  readonly sha256?: string;
  /** The bytes from `offset` to the end, in pieces that are valid until the next is asked for. */
  read(offset: number): AsyncIterable<Uint8Array>;
}

/**
 * The files that a model folder consists of. Opens it, so that bad headers are known before gigabytes are loaded; `check` may look
 * further, at its config and tensors. Throws `CheckpointError`.
 */
export async function listIncomingFiles(
  files: ModelFiles,
  check: (folder: ModelFolder) => void = () => {},
): Promise<readonly IncomingFile[]> {
  const incoming = new Map<string, IncomingFile>();
  const recording: ModelFiles = {
    name: files.name,
    async open(name) {
      const source = await files.open(name);
      if (source === undefined) return undefined;
      const { size, version, sha256 } = source;
      incoming.set(name, {
        name,
        size,
        ...(version === undefined ? {} : { version }),
        ...(sha256 === undefined ? {} : { sha256 }),
        read: (offset) => readAgain(files, { name, size, version }, offset),
      });
      return source;
    },
  };
  await using folder = await openModelFolder(recording);
  check(folder);
  return [...incoming.values()];
}

async function* readAgain(
  files: ModelFiles,
  { name, size, version }: { readonly name: string; readonly size: number; readonly version: string | undefined },
  offset: number,
): AsyncGenerator<Uint8Array> {
  const source = await files.open(name);
  try {
    if (source?.size !== size || source.version !== version) {
      const got = source === undefined ? 'none' : 'another one';
      const fix = 'it changed while it was loaded: load it again';
      throw failure({ where: `${files.name}/${name}`, expected: 'the same file as before', got, fix });
    }
    yield* readInOrder(source, offset);
  } finally {
    await source?.close?.();
  }
}
