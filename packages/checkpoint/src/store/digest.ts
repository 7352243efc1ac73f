/** A hash of a file of any size, block by block: the platform hashes only what is in memory as a whole, but that fast. */
import { bytesToHex } from '@noble/hashes/utils.js';

export const blockBytes = 2 ** 22;
/** Of the hash of a block. */
export const digestBytes = 32;

/** Hashes bytes as they come. Needs a secure context. */
export interface BlockDigests {
  /** Awaits the hash of each block that becomes full and hands it on. */
  add(bytes: Uint8Array, onBlock?: (index: number, digest: Uint8Array<ArrayBuffer>) => void): Promise<void>;
  /** The hash of the block that is begun; undefined where none is. More may follow. */
  rest(): Promise<{ readonly index: number; readonly digest: Uint8Array<ArrayBuffer> } | undefined>;
  /** SHA-256 of the SHA-256 of each block of 4 MiB, as hexadecimal digits. */
  whole(): Promise<string>;
}

export function createBlockDigests(): BlockDigests {
  const digests: Uint8Array<ArrayBuffer>[] = [];
  let block: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let filled = 0;

  const rest: BlockDigests['rest'] = async () =>
    filled === 0 ? undefined : { index: digests.length, digest: await sha256(block.subarray(0, filled)) };

  return {
    async add(bytes, onBlock = () => {}) {
      for (let at = 0; at < bytes.length; ) {
        if (block.length === 0) block = new Uint8Array(blockBytes);
        const taken = bytes.subarray(at, at + blockBytes - filled);
        block.set(taken, filled);
        filled += taken.length;
        at += taken.length;
        if (filled < blockBytes) return;
        filled = 0;
        const digest = await sha256(block);
        onBlock(digests.push(digest) - 1, digest);
      }
    },
    rest,
    async whole() {
      const last = await rest();
      const all = last === undefined ? digests : [...digests, last.digest];
      return bytesToHex(await sha256(new Uint8Array(await new Blob(all).arrayBuffer())));
    },
  };
}

/** The hash of a file that is there. */
export async function digestOf(blob: Blob, onBytes: (bytes: number) => void = () => {}): Promise<string> {
  const digests = createBlockDigests();
  for (let start = 0; start < blob.size; start += blockBytes) {
    const block = new Uint8Array(await blob.slice(start, start + blockBytes).arrayBuffer());
    await digests.add(block);
    onBytes(block.length);
  }
  return digests.whole();
}

/** A short name for a text, the same for the same text. */
export async function shortNameOf(text: string): Promise<string> {
  return bytesToHex(await sha256(new TextEncoder().encode(text))).slice(0, 24);
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
