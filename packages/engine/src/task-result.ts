/** What tasks that end in a value have in common: a promise for it, and whether it is still wanted. */

export interface TaskResult<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
  /** True once the signal is aborted. */
  readonly aborted: boolean;
  /** Rejects with the signal's reason. */
  abort(): void;
}

export function createTaskResult<T>(signal: AbortSignal | undefined): TaskResult<T> {
  let resolve: (value: T) => void;
  let reject: (error: unknown) => void;
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  return {
    promise,
    resolve: (value) => resolve(value),
    reject: (error) => reject(error),
    get aborted() {
      return signal?.aborted === true;
    },
    abort: () => reject(signal!.reason),
  };
}
