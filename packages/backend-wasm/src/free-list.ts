/** A block allocator over one growing range of addresses. Knows addresses only, touches no memory. */

export interface FreeList {
  /** Address, a multiple of `alignment`, of `bytes` taken from free blocks (the smallest that fits), or undefined. */
  take(bytes: number, alignment: number): number | undefined;
  /** Gives a range back, or adds a new one. Joins it with its neighbours. */
  give(address: number, bytes: number): void;
  /** Bytes of the free block that ends at `address`, 0 if none: how much less a range must grow. */
  bytesEndingAt(address: number): number;
}

interface Block {
  address: number;
  bytes: number;
}

/** Bytes from the start of a block to the next multiple of `alignment`. */
const paddingOf = ({ address }: Block, alignment: number): number => -address & (alignment - 1);

export function createFreeList(): FreeList {
  /** Ascending by address, never adjacent. */
  const blocks: Block[] = [];
  const indexAfter = (address: number): number => {
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (blocks[middle]!.address < address) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    take(bytes, alignment) {
      let best = -1;
      for (let index = 0; index < blocks.length; index++) {
        const block = blocks[index]!;
        const fits = block.bytes - paddingOf(block, alignment) >= bytes;
        if (fits && (best < 0 || block.bytes < blocks[best]!.bytes)) best = index;
      }
      if (best < 0) return undefined;
      const block = blocks[best]!;
      const padding = paddingOf(block, alignment);
      const address = block.address + padding;
      const after = { address: address + bytes, bytes: block.bytes - padding - bytes };
      const before = { address: block.address, bytes: padding };
      blocks.splice(best, 1, ...[before, after].filter((rest) => rest.bytes > 0));
      return address;
    },
    give(address, bytes) {
      const index = indexAfter(address);
      const before = blocks[index - 1];
      const after = blocks[index];
      const joinsBefore = before !== undefined && before.address + before.bytes === address;
      const joinsAfter = after !== undefined && address + bytes === after.address;
      if (joinsBefore) {
        before.bytes += bytes + (joinsAfter ? after.bytes : 0);
        if (joinsAfter) blocks.splice(index, 1);
      } else if (joinsAfter) {
        after.address = address;
        after.bytes += bytes;
      } else blocks.splice(index, 0, { address, bytes });
    },
    bytesEndingAt(address) {
      const last = blocks[indexAfter(address) - 1];
      return last !== undefined && last.address + last.bytes === address ? last.bytes : 0;
    },
  };
}
