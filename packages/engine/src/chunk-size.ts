/** How many rows to prefill at once, so that a caller can cancel, and other work can run, at least every 200 ms. */

/** Below the promised bound: speed varies from chunk to chunk. */
const targetMs = 150;

export interface ChunkSizer {
  /** Rows of the next chunk. */
  next(): number;
  /** What the last chunk took. */
  record(rows: number, milliseconds: number): void;
}

/** Starts small, then follows the measured speed, in multiples of 8. Results do not depend on chunk sizes. */
export function createChunkSizer(most: number): ChunkSizer {
  let rows = Math.min(16, most);
  return {
    next: () => rows,
    record(done, milliseconds) {
      const fitting = Math.floor((done * targetMs) / Math.max(milliseconds, 0.01));
      const bounded = Math.min(Math.max(fitting, 1), most, done * 8);
      rows = bounded < 8 ? bounded : bounded - (bounded % 8);
    },
  };
}
