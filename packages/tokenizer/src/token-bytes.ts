/** The bytes of every token, in one block. */

export interface TokenBytes {
  /** A view of the token's bytes: not to be handed out. */
  view(id: number): Uint8Array;
}

export function createTokenBytes(count: number, bytesOf: (id: number) => Uint8Array): TokenBytes {
  const offsets = new Uint32Array(count + 1);
  let block = new Uint8Array(Math.max(16, 8 * count));
  for (let id = 0; id < count; id++) {
    const bytes = bytesOf(id);
    const end = offsets[id] + bytes.length;
    if (end > block.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(block);
      block = larger;
    }
    block.set(bytes, offsets[id]);
    offsets[id + 1] = end;
  }
  return { view: (id) => block.subarray(offsets[id], offsets[id + 1]) };
}
