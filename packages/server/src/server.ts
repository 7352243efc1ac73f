/** The server as one fetch handler. */
import { ApiError, errorBody, toApiError } from '@yoco-u/openai';
import { ConfigError } from '@yoco-u/spec';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Registry } from 'prom-client';
import { createKeyFinder } from './api-keys.ts';
import type { App, Outcome, RequestContext, ServerContext } from './context.ts';
import { addGenerationRoutes } from './generation-routes.ts';
import { createJobs } from './jobs.ts';
import { createMetrics } from './metrics.ts';
import type { ModelMeter } from './model-meter.ts';
import { createModelPool, type ModelPool } from './model-pool.ts';
import { knownPaths, openApiDocument } from './openapi.ts';
import { defaultLimits, type Limits, type Logger, type ServerOptions } from './options.ts';
import { addStatusRoutes } from './status-routes.ts';
import { addTokenRoutes } from './token-routes.ts';

export interface ApiServer extends AsyncDisposable {
  /** Never throws. */
  fetch(request: Request): Promise<Response>;
  /** Whether every route but /health asks for an API key. */
  readonly needsKey: boolean;
  /** For more figures beside the server's own. */
  readonly metrics: Registry;
  /** Loads the first model, so that the first request need not wait. Throws what loading throws. */
  warmUp(): Promise<void>;
  /** Refuses new work, waits for what is under way, and aborts it after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

const silent: Logger = { info: () => {}, error: () => {} };

/**
 * Makes a server; nothing listens and nothing is loaded yet. Dispose frees the models: drain first. Throws `ConfigError` for options that
 * contradict each other, `CapacityError` for a model over the budget.
 */
export function createApiServer(options: ServerOptions): ApiServer {
  const logger = options.logger ?? silent;
  const limits = readLimits(options.limits);
  const meters = (): ModelMeter[] => pool.status().flatMap(({ loaded }) => loaded?.meter ?? []);
  const metrics = createMetrics(
    options.models.map(({ name }) => name),
    meters,
  );
  const pool: ModelPool = createModelPool({
    sources: options.models,
    memoryBytes: options.memoryBytes ?? Number.POSITIVE_INFINITY,
    queue: limits.queue,
    metrics,
    logger,
  });
  const jobs = createJobs(limits.requestsPerKey);
  const server: ServerContext = {
    pool,
    jobs,
    metrics,
    limits,
    logger,
    logPrompts: options.logPrompts === true,
    created: Math.floor(Date.now() / 1000),
    report(c, outcome) {
      const route = routeOf(c.req.path);
      metrics.requests.inc({ route, status: String(outcome) });
      const ms = Math.round(performance.now() - c.get('started'));
      const fields = {
        requestId: c.get('requestId'),
        key: c.get('key')?.name,
        method: c.req.method,
        route,
        outcome,
        ms,
      };
      logger.info(fields, 'request ended');
    },
  };
  const app = createApp(server, options);
  return {
    fetch: async (request) => app.fetch(request),
    needsKey: options.apiKeys !== undefined,
    metrics: metrics.registry,
    async warmUp() {
      try {
        (await pool.use()).release();
      } catch (error) {
        // whoever starts the server may know what clients may not
        throw (error as Error).cause ?? error;
      }
    },
    drain: (graceMs) => jobs.drain(graceMs),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

function createApp(server: ServerContext, options: ServerOptions): App {
  const app: App = new Hono();
  const findKey = createKeyFinder(options.apiKeys ?? []);
  const needsKey = options.apiKeys !== undefined;

  app.use(async (c, next) => {
    c.set('requestId', requestId(c.req.header('x-request-id')));
    c.set('started', performance.now());
    await next();
    c.header('x-request-id', c.get('requestId'));
    c.header('x-content-type-options', 'nosniff');
    c.header('cache-control', 'no-store');
    if (c.get('streams') !== true) server.report(c, outcomeOf(c));
  });
  app.use(async (c, next) => {
    if (options.hosts !== undefined && !options.hosts.includes(hostName(c.req.header('host')))) {
      throw new ApiError({ status: 403, code: 'host_not_allowed', message: 'host: not a name of this server' });
    }
    await next();
  });
  if (options.corsOrigins !== undefined && options.corsOrigins.length > 0) {
    const origin = options.corsOrigins.map(checkedOrigin);
    // any header that is asked for: OpenAI's client sends a dozen of its own
    app.use(cors({ origin, exposeHeaders: ['x-request-id', 'retry-after'] }));
  }
  app.use(async (c, next) => {
    if (needsKey && c.req.path !== '/health') {
      const key = await findKey(c.req.header('authorization'));
      if (key === undefined) {
        const message = 'expected an API key of this server: Authorization: Bearer …';
        throw new ApiError({ status: 401, code: 'invalid_api_key', message });
      }
      c.set('key', key);
    }
    await next();
  });

  addGenerationRoutes(app, server);
  addTokenRoutes(app, server);
  addStatusRoutes(app, server);
  const document = openApiDocument(needsKey);
  app.get('/openapi.json', (c) => c.json(document));

  app.notFound((c) => {
    const methods = knownPaths.get(routeOf(c.req.path));
    if (methods === undefined || methods.includes(c.req.method)) {
      throw new ApiError({ status: 404, code: 'not_found', message: 'no such route; GET /openapi.json lists them' });
    }
    c.header('allow', methods);
    const message = `method: expected ${methods.replace(', ', ' or ')}, got ${c.req.method}`;
    throw new ApiError({ status: 405, code: 'method_not_allowed', message });
  });
  app.onError((error, c) => answerError(error, c, server));
  return app;
}

function answerError(thrown: unknown, c: RequestContext, { logger, jobs }: ServerContext): Response {
  const error = toApiError(thrown);
  if (error.status >= 500 && error.cause !== undefined && !c.req.raw.signal.aborted) {
    logger.error({ requestId: c.get('requestId'), err: error.cause }, error.code);
  }
  if (error.retryAfter !== undefined) c.header('retry-after', String(error.retryAfter));
  if (error.status === 401) c.header('www-authenticate', 'Bearer');
  // a client that keeps its connection would meet the same server again
  if (jobs.draining) c.header('connection', 'close');
  return c.json(errorBody(error), error.status as ContentfulStatusCode);
}

function outcomeOf(c: RequestContext): Outcome {
  return c.req.raw.signal.aborted ? 'aborted' : c.res.status;
}

/** The client's own id where it is harmless, or a new one. */
function requestId(given: string | undefined): string {
  return given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : crypto.randomUUID().replaceAll('-', '');
}

/** The name in a Host header, without the port. */
function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '').toLowerCase();
}

/** A label of metrics: few values, whatever clients send. */
function routeOf(path: string): string {
  if (knownPaths.has(path)) return path;
  return path.startsWith('/v1/models/') ? '/v1/models/{model}' : 'other';
}

/** Origins are compared as they are: one that no browser writes so would permit nothing, without a word. */
function checkedOrigin(text: string): string {
  const { protocol, host } = URL.canParse(text) ? new URL(text) : { protocol: '', host: '' };
  if (host !== '' && text === `${protocol}//${host}`) return text;
  const fix = 'write scheme, host and port of each page, without a slash at the end';
  throw new ConfigError({ where: 'server: corsOrigins', expected: 'https://example.org or alike', got: text, fix });
}

function readLimits(given: Partial<Limits> = {}): Limits {
  const limits = { ...defaultLimits, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isInteger(value) && value >= (name === 'queue' ? 0 : 1)) continue;
    throw new ConfigError({ where: `server: limits.${name}`, expected: 'an integer from 1 on', got: `${value}` });
  }
  return limits;
}
