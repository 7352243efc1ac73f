/** A server on a port. */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { ConfigError } from '@yoco-u/spec';
import { collectDefaultMetrics } from 'prom-client';
import type { ServerOptions } from '../options.ts';
import { type ApiServer, createApiServer } from '../server.ts';

export interface ServeOptions extends ServerOptions {
  /** Default: 127.0.0.1, this machine alone. Any other needs API keys. */
  readonly host?: string;
  /** Default 8080; 0 takes a free one. */
  readonly port?: number;
  readonly timeouts?: Partial<Timeouts>;
}

/** Milliseconds that a connection may take; then it is closed. */
export interface Timeouts {
  /** Until the headers of a request are there. */
  readonly headers: number;
  /** Until the whole request is there. */
  readonly request: number;
  /** Without a byte read by a client that has bytes to read, or between requests. */
  readonly idle: number;
}

/** Longer than proxies keep a connection, 60 s mostly: they must not send a request into one that closes. */
const idle = 75_000;

export const defaultTimeouts: Timeouts = { headers: 10_000, request: 60_000, idle };

/** More connections than this are closed at once. */
const mostConnections = 1024;

export interface Serving {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly server: ApiServer;
  /** Refuses new requests, lets those under way end for at most `graceMs`, closes everything and frees the models. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Listens. Throws `ConfigError` for an address that others reach without API keys or a port that there is not, and the system's
 * error for one that is taken.
 * Without keys the Host header must name this machine, so that no page in a browser reaches the server by a name of its own (DNS
 * rebinding).
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { host = '127.0.0.1', port: wanted = 8080 } = options;
  if (!isLoopback(host) && options.apiKeys === undefined) {
    throw new ConfigError({
      where: 'server: host',
      expected: 'a loopback address where no API keys are asked for',
      got: host,
      fix: 'give API keys, or leave out the host',
    });
  }
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535) {
    throw new ConfigError({ where: 'server: port', expected: 'an integer from 0 to 65535', got: `${wanted}` });
  }
  const hosts = options.hosts ?? ['localhost', '127.0.0.1', '[::1]', host];
  const server = createApiServer(options.apiKeys === undefined ? { ...options, hosts } : options);
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const http = createAdaptorServer({
    fetch: (request) => server.fetch(request),
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      keepAliveTimeout: timeouts.idle,
      connectionsCheckingInterval: Math.min(1000, timeouts.headers),
    },
  }) as Server;
  http.maxConnections = mostConnections;
  closeIdle(http, timeouts.idle);
  collectDefaultMetrics({ register: server.metrics });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(wanted, host, resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    server,
    async stop(graceMs) {
      const closed = new Promise((resolve) => http.close(resolve));
      await server.drain(graceMs);
      // answers that were written get the time to arrive, unless nobody reads them
      http.closeIdleConnections();
      const timer = setTimeout(() => http.closeAllConnections(), Math.min(1000, graceMs));
      await closed;
      clearTimeout(timer);
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Closes connections that stand still, but not those that wait for the model. */
function closeIdle(http: Server, idleMs: number): void {
  const answering = new WeakSet<Socket>();
  http.on('request', ({ socket }, response) => {
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
  });
  http.setTimeout(idleMs, (socket) => {
    if (answering.has(socket) && socket.writableLength === 0) socket.setTimeout(idleMs);
    else socket.destroy();
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
