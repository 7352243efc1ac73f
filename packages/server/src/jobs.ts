/** Requests under way: how many a key has, and how they end when the server does. */
import { ApiError } from '@yoco-u/openai';

export interface Job {
  /** Aborts when the client leaves, and when the server shuts down. */
  readonly signal: AbortSignal;
  /** Ends what runs for the job. */
  abort(): void;
  /** The job is over; called once or more. */
  end(): void;
}

export interface Jobs {
  /**
   * Begins a job for the holder of a key. Throws `ApiError`: 503 when the server is shutting down, 429 when the key has as many under way as
   * it may.
   */
  begin(client: AbortSignal, key?: string): Job;
  readonly draining: boolean;
  /** Lets no job begin any more, and waits; aborts those that are left after `graceMs`. Asked again, the shorter time counts. */
  drain(graceMs: number): Promise<void>;
}

export function createJobs(requestsPerKey: number): Jobs {
  const perKey = new Map<string, number>();
  const aborts = new Set<(reason: unknown) => void>();
  let draining = false;
  const onEmpty: (() => void)[] = [];

  return {
    get draining() {
      return draining;
    },
    begin(client, key) {
      if (draining) throw shuttingDown();
      const count = key === undefined ? 0 : (perKey.get(key) ?? 0);
      if (count >= requestsPerKey) {
        const message = `expected at most ${requestsPerKey} requests under way with one key; wait for one to end`;
        throw new ApiError({ status: 429, code: 'rate_limit_exceeded', message, retryAfter: 1 });
      }
      if (key !== undefined) perKey.set(key, count + 1);
      const controller = new AbortController();
      const abort = (reason: unknown): void => controller.abort(reason);
      const leave = (): void => abort(client.reason);
      let ended = false;
      aborts.add(abort);
      if (client.aborted) leave();
      client.addEventListener('abort', leave, { once: true });
      return {
        signal: controller.signal,
        abort: () => abort(new ApiError({ status: 499, code: 'aborted', message: 'the client left' })),
        end() {
          if (ended) return;
          ended = true;
          client.removeEventListener('abort', leave);
          aborts.delete(abort);
          const left = key === undefined ? 0 : perKey.get(key)! - 1;
          if (key !== undefined && left > 0) perKey.set(key, left);
          else if (key !== undefined) perKey.delete(key);
          if (aborts.size === 0) for (const ended of onEmpty.splice(0)) ended();
        },
      };
    },
    async drain(graceMs) {
      draining = true;
      if (aborts.size === 0) return;
      const empty = new Promise<void>((resolve) => onEmpty.push(resolve));
      const timer = setTimeout(() => {
        for (const abort of aborts) abort(shuttingDown());
      }, graceMs);
      await empty;
      clearTimeout(timer);
    },
  };
}

function shuttingDown(): ApiError {
  const message = 'the server is shutting down; try another or try again later';
  return new ApiError({ status: 503, code: 'shutting_down', message, retryAfter: 5 });
}
