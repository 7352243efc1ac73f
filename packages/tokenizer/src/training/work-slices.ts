/** Long work cut into slices, so that timers, input and cancellation get their turn in between. */

export interface WorkSlices {
  /** The slice has lasted long enough. Reads the clock: ask once for about a thousand steps. */
  due(): boolean;
  /** Resolves in a later macrotask. Rejects with the signal's reason once it is aborted. */
  next(): Promise<void>;
}

/** Half of what may pass between two turns, as the steps between two looks at the clock take time as well. */
const SLICE_MS = 100;

export function createWorkSlices(signal: AbortSignal | undefined, milliseconds = SLICE_MS): WorkSlices {
  let began = performance.now();
  return {
    due: () => performance.now() - began >= milliseconds,
    async next() {
      await nextTurn();
      signal?.throwIfAborted();
      began = performance.now();
    },
  };
}

function nextTurn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port1.close();
      resolve();
    };
    port1.postMessage(null);
  });
}
