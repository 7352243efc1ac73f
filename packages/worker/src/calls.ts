/** The outside's calls over a port: numbered, ended by a result, an error, or the end of the worker. */
import { type GeneratePart, RequestError } from '@yoco-u/spec';
import { fromPlainError } from './plain-error.ts';
import type { FromWorker, Request, ToWorker } from './protocol.ts';

/** What they throw ends the call: it becomes the error that `result` rejects with. */
export interface CallEvents {
  onProgress?(done: number, total: number): void;
  onCompile?(done: number, total: number): void;
  onPart?(part: GeneratePart): void;
}

export interface OpenCall {
  /** Rejects with the error that the worker threw, or with that of `fail`. */
  readonly result: Promise<unknown>;
  abort(): void;
  /** The reader took this many parts. */
  taken(parts: number): void;
  /** Nobody reads on. */
  leave(): void;
}

export interface Calls {
  /** Throws `RequestError` for what cannot be cloned, and the error of `fail` after that. */
  open(request: Request, events?: CallEvents): OpenCall;
  /** Ends every open call, and all later ones at once. */
  fail(error: Error): void;
}

interface Settle {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface PendingCall extends Settle {
  readonly events: CallEvents;
  readonly call: OpenCall;
}

export function createCalls(port: MessagePort): Calls {
  // Node only: an idle model does not keep the process alive
  const { ref, unref } = port as MessagePort & { ref?(): void; unref?(): void };
  const pending = new Map<number, PendingCall>();
  let count = 0;
  let failure: Error | undefined;

  const take = (call: number): PendingCall | undefined => {
    const known = pending.get(call);
    pending.delete(call);
    if (pending.size === 0) unref?.call(port);
    return known;
  };

  const tell = (data: FromWorker, { events, call }: PendingCall): void => {
    try {
      if (data.kind === 'part') events.onPart?.(data.part);
      else if (data.kind === 'progress') events.onProgress?.(data.done, data.total);
      else if (data.kind === 'compile') events.onCompile?.(data.done, data.total);
    } catch (error) {
      call.leave();
      take(data.call)?.reject(error);
    }
  };

  port.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
    const known = pending.get(data.call);
    if (known === undefined) return;
    if (data.kind === 'result') take(data.call)?.resolve(data.value);
    else if (data.kind === 'error') take(data.call)?.reject(fromPlainError(data.error));
    else tell(data, known);
  });
  port.start();
  unref?.call(port);

  return {
    open(request, events = {}) {
      if (failure !== undefined) throw failure;
      const number = ++count;
      try {
        port.postMessage({ call: number, ...request } satisfies ToWorker);
      } catch (cause) {
        const expected = 'values that can be sent to a worker';
        throw new RequestError({ where: request.kind, expected, got: String(cause) }, { cause });
      }
      let settle: Settle = { resolve: () => {}, reject: () => {} };
      const post = (message: ToWorker): void => {
        if (pending.has(number)) port.postMessage(message);
      };
      const call: OpenCall = {
        result: new Promise((resolve, reject) => {
          settle = { resolve, reject };
        }),
        abort: () => post({ call: number, kind: 'abort' }),
        taken: (parts) => post({ call: number, kind: 'taken', parts }),
        leave: () => post({ call: number, kind: 'leave' }),
      };
      // whoever awaits the result learns of a failure; nobody awaiting it is no reason to end the process
      call.result.catch(() => {});
      pending.set(number, { events, call, ...settle });
      ref?.call(port);
      return call;
    },
    fail(error) {
      failure ??= error;
      for (const call of [...pending.keys()]) take(call)?.reject(error);
    },
  };
}

/** The result of a call that the signal aborts. Rejects with the signal's reason then. */
export async function resultOf({ result, abort }: OpenCall, signal: AbortSignal | undefined): Promise<unknown> {
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await result;
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
