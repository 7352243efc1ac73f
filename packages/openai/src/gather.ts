/** Many tasks, one stream. */

/**
 * Runs the tasks together and yields what they push, in that order; their own pace does not depend on the reader's. The first failure
 * is thrown once everything pushed before it was read. The signal handed to the tasks aborts when the stream ends, fails
 * or is left, and all tasks are awaited then.
 */
export async function* gather<T>(
  tasks: readonly ((push: (value: T) => void, signal: AbortSignal) => Promise<void>)[],
): AsyncGenerator<T> {
  const controller = new AbortController();
  let pushed: T[] = [];
  let failure: { readonly error: unknown } | undefined;
  let running = tasks.length;
  let wake = (): void => {};
  const push = (value: T): void => {
    pushed.push(value);
    wake();
  };
  const run = async (task: (typeof tasks)[number]): Promise<void> => {
    try {
      await task(push, controller.signal);
    } catch (error) {
      failure ??= { error };
    } finally {
      running--;
      wake();
    }
  };
  const all = tasks.map(run);
  try {
    for (;;) {
      const values = pushed;
      pushed = [];
      yield* values;
      if (pushed.length > 0) continue;
      if (failure !== undefined) throw failure.error;
      if (running === 0) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    controller.abort();
    await Promise.all(all);
  }
}
