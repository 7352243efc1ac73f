/** A hash of a file of any size: the platform hashes only what is in memory as a whole. */

const blockBytes = 2 ** 22;

/** SHA-256 of the SHA-256 of each block of 4 MiB, as hexadecimal digits. Needs a secure context. */
export async function digestOf(blob: Blob, onBytes: (bytes: number) => void = () => {}): Promise<string> {
  const digests: Uint8Array<ArrayBuffer>[] = [];
  for (let start = 0; start < blob.size; start += blockBytes) {
    const block = await blob.slice(start, start + blockBytes).arrayBuffer();
    digests.push(new Uint8Array(await crypto.subtle.digest('SHA-256', block)));
    onBytes(block.byteLength);
  }
  return hexadecimal(await crypto.subtle.digest('SHA-256', await new Blob(digests).arrayBuffer()));
}

/** A short name for a text, the same for the same text. */
export async function shortNameOf(text: string): Promise<string> {
  return hexadecimal(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).slice(0, 24);
}

function hexadecimal(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
