/** Buffers that conversions read into: used again, since what a garbage collector frees later counts until then. */

export interface ScratchPool {
  /** A buffer of at least this many bytes, for the caller alone until it is given back. */
  take(bytes: number): Uint8Array;
  give(buffer: Uint8Array): void;
}

export function createScratchPool(): ScratchPool {
  const idle: Uint8Array[] = [];
  return {
    take(bytes) {
      const buffer = idle.pop();
      return buffer !== undefined && buffer.length >= bytes ? buffer : new Uint8Array(bytes);
    },
    give(buffer) {
      idle.push(buffer);
    },
  };
}
