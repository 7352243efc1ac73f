/** What is stored of a file, and beside it a hash of each block as it arrived: only what fits these is gone on with. */
import { blockBytes, digestBytes, sha256 } from './digest.ts';
import type { IncomingFile } from './incoming-files.ts';
import { contentOf, type StoreDirectory } from './store-directory.ts';

/** The file of hashes beside a file. */
export function digestsFile(name: string): string {
  return `${name}.digests`;
}

/** Whether it can be told from another of the same size. */
export function isRecognizable({ version, sha256: hash }: Pick<IncomingFile, 'version' | 'sha256'>): boolean {
  return version !== undefined || hash !== undefined;
}

/** The blocks of a file that are as they arrived, up to the first that is not; the last one may be a part of a block. */
export async function* storedBlocks(
  directory: StoreDirectory,
  file: IncomingFile,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const content = await contentOf(directory, file.name);
  const digests = await contentOf(directory, digestsFile(file.name));
  if (!isRecognizable(file) || content === undefined || digests === undefined || content.size > file.size) return;
  for (let index = 0; index * blockBytes < content.size; index++) {
    const block = await bytesOf(content, index * blockBytes, blockBytes);
    const recorded = await bytesOf(digests, index * digestBytes, digestBytes);
    if (!isEqual(await sha256(block), recorded)) return;
    yield block;
  }
}

async function bytesOf(blob: Blob, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.slice(start, start + length).arrayBuffer());
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
