/** A model that waits for the test, and servers made of it. */
import type { GeneratePart, GenerateRequest, LanguageModel, TokenDecoder } from '@yoco-u/spec';
import type { LoadedModel, ModelSource, ServerOptions } from './options.ts';
import { type ApiServer, createApiServer } from './server.ts';

/** Says `ok ` for each token; a token is a byte. */
export interface HeldModel extends LanguageModel {
  /** Lets this many tokens through, of any sequence. Without a call all go through. */
  hold(): void;
  release(tokens: number): void;
  /** Sequences between their first step and their end. */
  readonly running: number;
  readonly requests: readonly GenerateRequest[];
}

export interface HeldModelOptions {
  /** Sequences at once; others wait. */
  readonly sequences?: number;
  readonly contextLength?: number;
}

export function createHeldModel({ sequences = 1, contextLength = 64 }: HeldModelOptions = {}): HeldModel {
  const requests: GenerateRequest[] = [];
  let permits = Number.POSITIVE_INFINITY;
  let running = 0;
  let wake: (() => void)[] = [];
  const changed = (): void => {
    const waiting = wake;
    wake = [];
    for (const resume of waiting) resume();
  };
  const until = async (holds: () => boolean, signal: AbortSignal | undefined): Promise<boolean> => {
    signal?.addEventListener('abort', changed);
    try {
      while (!holds() && signal?.aborted !== true) await new Promise<void>((resolve) => wake.push(resolve));
      return signal?.aborted !== true;
    } finally {
      signal?.removeEventListener('abort', changed);
    }
  };
  return {
    specVersion: 1,
    id: '/home/secret/model',
    contextLength,
    vocabularySize: 256,
    bosTokenId: undefined,
    tokenizer: {
      vocabularySize: 256,
      specialTokens: new Map(),
      encode: (text) => [...new TextEncoder().encode(text)],
      decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids)),
      bytesOf: (id) => Uint8Array.of(id),
      createDecoder: (): TokenDecoder => ({ push: (id) => String.fromCharCode(id), flush: () => '' }),
    },
    hold() {
      permits = 0;
    },
    release(tokens) {
      permits += tokens;
      changed();
    },
    get running() {
      return running;
    },
    requests,
    generate(request) {
      requests.push(request);
      return generate(request);
    },
    score: () => Promise.reject(new Error('not of interest')),
    [Symbol.asyncDispose]: async () => {},
  };

  async function* generate({
    prompt,
    maxTokens = 8,
    signal,
    onPrefill,
  }: GenerateRequest): AsyncGenerator<GeneratePart> {
    let count = 0;
    let ran = false;
    const takePlace = (): boolean => {
      if (running >= sequences) return false;
      running++;
      ran = true;
      return true;
    };
    let alive = await until(takePlace, signal);
    try {
      if (alive) onPrefill?.(prompt.length, prompt.length);
      while (alive && count < maxTokens) {
        alive = await until(() => permits > 0, signal);
        if (!alive) break;
        permits--;
        const character = 'ok '.charAt(count++ % 3);
        yield { type: 'token', id: character.charCodeAt(0) };
        yield { type: 'text', text: character };
      }
      yield {
        type: 'finish',
        reason: alive ? 'length' : 'abort',
        usage: { promptTokens: prompt.length, completionTokens: count, cachedTokens: 0, cacheBytes: 0 },
        timings: { prefillMs: 1, decodeMs: 1, firstTokenMs: 1, prefillTokensPerSecond: 1, decodeTokensPerSecond: 1 },
      };
    } finally {
      if (ran) running--;
      changed();
    }
  }
}

/** A source of a model that is there already. */
export function sourceOf(model: LanguageModel, name = 'small', given: Partial<ModelSource> = {}): ModelSource {
  const load = async (): Promise<LoadedModel> => ({ model, sequences: 1, [Symbol.asyncDispose]: async () => {} });
  return { name, bytes: 100, load, ...given };
}

export interface TestServer extends ApiServer {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
}

export function createTestServer(model: LanguageModel, options: Partial<ServerOptions> = {}): TestServer {
  const server = createApiServer({ models: [sourceOf(model)], ...options });
  return {
    ...server,
    get: (path, headers = {}) => server.fetch(new Request(`http://localhost${path}`, { headers })),
    post(path, body, init = {}) {
      const headers = { 'content-type': 'application/json', ...init.headers };
      const text = typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body);
      return server.fetch(new Request(`http://localhost${path}`, { method: 'POST', body: text, ...init, headers }));
    },
  };
}

/** Waits until something holds that other tasks bring about. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
