/** What every route works with. */
import type { Context, Hono } from 'hono';
import type { ApiKey } from './api-keys.ts';
import type { Jobs } from './jobs.ts';
import type { Metrics } from './metrics.ts';
import type { ModelPool } from './model-pool.ts';
import type { Limits, Logger } from './options.ts';

export interface RequestVariables {
  requestId: string;
  /** Milliseconds of `performance.now()`. */
  started: number;
  key: ApiKey | undefined;
  /** The answer is a stream, which reports its end itself. */
  streams: boolean;
}

export type App = Hono<{ Variables: RequestVariables }>;
export type RequestContext = Context<{ Variables: RequestVariables }>;

/** How a request ended. */
export type Outcome = number | 'aborted';

export interface ServerContext {
  readonly pool: ModelPool;
  readonly jobs: Jobs;
  readonly metrics: Metrics;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly logPrompts: boolean;
  /** Seconds since 1970 when the server was made. */
  readonly created: number;
  /** Counts and logs the end of a request. */
  report(c: RequestContext, outcome: Outcome): void;
}
