/** What a server is made of. */
import type { ServedModel } from '@yoco-u/openai';
import type { ApiKey } from './api-keys.ts';

/** A model that can be loaded. */
export interface ModelSource {
  /** What clients call it. */
  readonly name: string;
  /** Memory it will take, for the budget. */
  readonly bytes: number;
  /** The signal aborts when the server ends before the model is there. */
  load(signal: AbortSignal): Promise<LoadedModel>;
}

/** A model in memory; dispose frees it. */
export interface LoadedModel extends Omit<ServedModel, 'name'>, AsyncDisposable {
  /** Sequences that run at once; others wait. */
  readonly sequences: number;
  /** The share of its cache that running sequences hold, from 0 to 1, as the engine counts. Without it, tokens are counted here. */
  cacheUse?(): Promise<number>;
}

/** What a single client may ask of the server. */
export interface Limits {
  /** Of a request's body. */
  readonly bodyBytes: number;
  /** Completions of one request: prompts times n. */
  readonly choices: number;
  /** Completions of one model that wait for their turn; more are answered with 503. */
  readonly queue: number;
  /** Requests under way with one API key; more are answered with 429. */
  readonly requestsPerKey: number;
  /** Silence of a stream before a comment is sent, so that proxies keep it open. */
  readonly pingMs: number;
}

export const defaultLimits: Limits = {
  bodyBytes: 2 ** 20,
  choices: 16,
  queue: 128,
  requestsPerKey: 64,
  pingMs: 15_000,
};

/** The part of pino that is needed. */
export interface Logger {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ServerOptions {
  /** The first is used where a request names none. */
  readonly models: readonly ModelSource[];
  /** Bytes that loaded models may take together; idle ones make room. Default: room for all. */
  readonly memoryBytes?: number;
  /** Without any, everybody who reaches the server may use it. */
  readonly apiKeys?: readonly ApiKey[];
  /** Pages that may use the server from a browser: `https://example.org`. Default: none. */
  readonly corsOrigins?: readonly string[];
  /** Names that the Host header may give, against DNS rebinding. Default: any. */
  readonly hosts?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly logger?: Logger;
  /** Write prompts to the log. Default: off. */
  readonly logPrompts?: boolean;
}
