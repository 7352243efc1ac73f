/** One linear memory for parameters, state, arena and programs: grown on demand, shared among threads where there are any. */
import { CapacityError } from '@yoco-u/spec';
import { createFreeList } from './free-list.ts';

const pageBytes = 65536;
/** One page less than 4 GiB, so that the end of a block is still a 32-bit address. */
const mostPages = 65535;
/** Growing in steps saves calls; untouched pages take no memory. */
const growthPages = 256;

/** Every block begins at a multiple of this: a cache line. */
export const blockAlignment = 64;
/** Larger ones begin at a page of the processor's: products read weights ahead page by page. */
const processorPage = 4096;
const smallBytes = 4 * processorPage;

export interface Block {
  readonly address: number;
  /** Padded to the alignment. */
  readonly bytes: number;
}

export interface LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  readonly maximumPages: number;
  /** Bytes of live blocks. */
  readonly usedBytes: number;
  /** Bytes of the memory. */
  readonly reservedBytes: number;
  /** Takes a zeroed block. Throws `CapacityError`, before anything is taken, when it does not fit. */
  allocate(bytes: number, what: string): Block;
  free(block: Block): void;
  /** Views of the whole memory. Growing makes them stale: ask again instead of keeping them. */
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly floats: Float32Array;
}

export interface MemoryOptions {
  readonly shared: boolean;
  /** Bytes that the memory may grow to; at most, and by default, 64 KiB less than 4 GiB. */
  readonly limitBytes?: number | undefined;
}

/** Throws `CapacityError` when the engine cannot reserve the addresses. */
export function createLinearMemory({ shared, limitBytes }: MemoryOptions): LinearMemory {
  const wantedPages = Math.min(mostPages, Math.ceil((limitBytes ?? Number.POSITIVE_INFINITY) / pageBytes));
  const { memory, maximumPages } = reserve(shared, wantedPages);
  const free = createFreeList();
  // address 0 stays unused, so that 0 can mean "none"
  free.give(blockAlignment, memory.buffer.byteLength - blockAlignment);
  let usedBytes = 0;
  // memory beyond was never given out: it is zero, and touching it would take pages for nothing
  let touchedEnd = 0;
  let bytes = new Uint8Array(memory.buffer);
  let words = new Int32Array(memory.buffer);
  let floats = new Float32Array(memory.buffer);

  const grow = (needed: number, what: string): void => {
    const end = memory.buffer.byteLength;
    const missing = Math.ceil((needed - free.bytesEndingAt(end)) / pageBytes);
    const room = maximumPages - end / pageBytes;
    const tooMuch = (options?: ErrorOptions) =>
      new CapacityError(
        {
          where: what,
          expected: `at most ${formatBytes(room * pageBytes)} more than the ${formatBytes(usedBytes)} in use`,
          got: formatBytes(needed),
          fix: 'use a smaller model, fewer slots or fewer rows a run',
        },
        options,
      );
    if (missing > room) throw tooMuch();
    const pages = Math.min(room, Math.ceil(missing / growthPages) * growthPages);
    try {
      memory.grow(pages);
    } catch (cause) {
      throw tooMuch({ cause });
    }
    free.give(end, pages * pageBytes);
    bytes = new Uint8Array(memory.buffer);
    words = new Int32Array(memory.buffer);
    floats = new Float32Array(memory.buffer);
  };

  return {
    memory,
    shared,
    maximumPages,
    get usedBytes() {
      return usedBytes;
    },
    get reservedBytes() {
      return memory.buffer.byteLength;
    },
    allocate(size, what) {
      const padded = Math.max(1, Math.ceil(size / blockAlignment)) * blockAlignment;
      const alignment = padded < smallBytes ? blockAlignment : processorPage;
      let address = free.take(padded, alignment);
      if (address === undefined) {
        grow(padded + alignment - blockAlignment, what);
        address = free.take(padded, alignment)!;
      }
      usedBytes += padded;
      bytes.fill(0, address, Math.max(address, Math.min(address + padded, touchedEnd)));
      touchedEnd = Math.max(touchedEnd, address + padded);
      return { address, bytes: padded };
    },
    free(block) {
      usedBytes -= block.bytes;
      free.give(block.address, block.bytes);
    },
    get bytes() {
      return bytes;
    },
    get words() {
      return words;
    },
    get floats() {
      return floats;
    },
  };
}

/** Phones and small containers refuse 4 GiB of addresses: halve until they agree. */
function reserve(shared: boolean, wantedPages: number): { memory: WebAssembly.Memory; maximumPages: number } {
  const initial = Math.min(16, wantedPages);
  for (let maximum = wantedPages; ; maximum = Math.ceil(maximum / 2)) {
    try {
      return { memory: new WebAssembly.Memory({ initial, maximum, shared }), maximumPages: maximum };
    } catch (cause) {
      if (maximum > initial) continue;
      const expected = 'addresses for a WebAssembly memory';
      throw new CapacityError({ where: 'createWasmBackend', expected, got: String(cause) }, { cause });
    }
  }
}

function formatBytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
