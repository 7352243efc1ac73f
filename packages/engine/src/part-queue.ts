/** Parts between who makes them and who reads them, in their own time. */

export interface PartQueue<Part> {
  push(part: Part): void;
  /** No more parts: the reader gets those pushed, then the end, or the error. */
  end(error?: { readonly cause: unknown }): void;
  /** The parts in order. Throws the error that it was ended with. */
  read(): AsyncGenerator<Part, void>;
}

export function createPartQueue<Part>(): PartQueue<Part> {
  let parts: Part[] = [];
  let ended = false;
  let failure: { readonly cause: unknown } | undefined;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    push(part) {
      parts.push(part);
      notify();
    },
    end(error) {
      if (ended) return;
      ended = true;
      failure = error;
      notify();
    },
    async *read() {
      for (;;) {
        const ready = parts;
        if (ready.length > 0) {
          parts = [];
          yield* ready;
        } else if (!ended) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else if (failure === undefined) return;
        else throw failure.cause;
      }
    },
  };
}
