/** Turns of the event loop and of a shared resource. */

/** Resolves in a later macrotask, so that timers, signals and input are handled in between. */
export function nextTurn(): Promise<void> {
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

/** A number of places handed out first come, first served. */
export interface Places {
  /** Waits for a free place. Rejects with the signal's reason when aborted while waiting. */
  take(signal?: AbortSignal): Promise<number>;
  give(place: number): void;
}

export function createPlaces(count: number): Places {
  const free = Array.from({ length: count }, (_, index) => index);
  const waiting: ((place: number) => void)[] = [];
  return {
    take(signal) {
      const place = free.shift();
      if (place !== undefined) return Promise.resolve(place);
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          waiting.splice(waiting.indexOf(accept), 1);
          reject(signal!.reason);
        };
        const accept = (given: number): void => {
          signal?.removeEventListener('abort', onAbort);
          resolve(given);
        };
        if (signal?.aborted) return void reject(signal.reason);
        signal?.addEventListener('abort', onAbort, { once: true });
        waiting.push(accept);
      });
    },
    give(place) {
      const next = waiting.shift();
      if (next === undefined) free.push(place);
      else next(place);
    },
  };
}
