/** A binary min-heap of (rank, position), ordered by rank, then position. */

export interface PairHeap {
  push(rank: number, position: number): void;
  /** Takes the smallest entry out, to be read with `rank` and `position`; false when the heap is empty. */
  pop(): boolean;
  rank(): number;
  position(): number;
}

/** @param capacity most entries held at once; @param positions one more than the largest position. */
export function createPairHeap(capacity: number, positions: number): PairHeap {
  // One float64 a pair, rank * positions + position: exact, since ranks stay below 2^24 and positions below 2^27.
  const keys = new Float64Array(capacity);
  let size = 0;
  let top = 0;

  return {
    push(rank, position) {
      const key = rank * positions + position;
      let at = size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (keys[parent] <= key) break;
        keys[at] = keys[parent];
        at = parent;
      }
      keys[at] = key;
    },
    pop() {
      if (size === 0) return false;
      top = keys[0];
      const key = keys[--size];
      let at = 0;
      for (let child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && keys[child + 1] < keys[child]) child++;
        if (keys[child] >= key) break;
        keys[at] = keys[child];
        at = child;
      }
      keys[at] = key;
      return true;
    },
    rank: () => Math.floor(top / positions),
    position: () => top % positions,
  };
}
