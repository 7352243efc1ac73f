/** How many rows to feed at once, so that a caller can cancel, and other sequences get their turn, at least every 200 ms, or 8 rows where those take longer. */

/** Below the promised bound: speed varies from chunk to chunk. */
const targetMs = 150;
/** While other sequences wait for their next token. */
const sharedTargetMs = 75;
/** Fewer save little: the weights are read once a chunk, and that is most of the time of so few rows. */
const leastRows = 8;

export interface ChunkSizer {
  /** Rows of the next chunk; `shared` when other sequences wait meanwhile. */
  next(shared: boolean): number;
  /** What the last chunk took. */
  record(rows: number, milliseconds: number): void;
}

/**
 * Starts with 16 rows, then follows the measured speed, in multiples of 8. Results do not depend on chunk sizes, but for the
 * rounding of variants that say so.
 */
export function createChunkSizer(most: number): ChunkSizer {
  let last: { readonly rows: number; readonly msPerRow: number } | undefined;
  return {
    next(shared) {
      if (last === undefined) return Math.min(16, most);
      const fitting = Math.floor((shared ? sharedTargetMs : targetMs) / last.msPerRow);
      const bounded = Math.min(Math.max(fitting, leastRows), most, last.rows * 8);
      return bounded < 8 ? bounded : bounded - (bounded % 8);
    },
    record(rows, milliseconds) {
      last = { rows, msPerRow: Math.max(milliseconds, 0.01) / rows };
    },
  };
}
