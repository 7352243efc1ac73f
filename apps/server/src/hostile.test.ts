import { connect, type Socket } from 'node:net';
import { hashApiKey } from '@yoco-u/server';
import type { Serving } from '@yoco-u/server/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandom, type Random } from './random.ts';
import { serveBundledModel } from './testing.ts';

const key = 'sk-test';
const authorization = `Bearer ${key}`;
const json = 'application/json';
const fair = { model: 'bundled', prompt: 'Once upon a time', max_tokens: 5, temperature: 0 };
const bodies: Readonly<Record<string, object>> = {
  '/v1/completions': { ...fair, n: 1, top_p: 0.9, seed: 1, stop: ['x'], logit_bias: { 5: 1 }, logprobs: 1 },
  '/v1/chat/completions': { model: 'bundled', messages: [{ role: 'user', content: 'hi' }], max_tokens: 2, n: 1 },
  '/tokenize': { model: 'bundled', prompt: 'hi' },
  '/detokenize': { model: 'bundled', tokens: [1, 2] },
};

let serving: Serving;
/** Of little patience: a machine under load may be too slow for it, so that only raw bytes go there. */
let impatient: Serving;
beforeAll(async () => {
  const options = { apiKeys: [{ name: 'test', sha256: await hashApiKey(key) }], limits: { bodyBytes: 16_384 } };
  serving = await serveBundledModel(options);
  await serving.server.warmUp();
  impatient = await serveBundledModel({ ...options, timeouts: { headers: 400, request: 800, idle: 800 } });
});
afterAll(async () => {
  await serving.stop(0);
  await impatient.stop(0);
});

interface Attempt {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const post = (path: string, body: NonNullable<Attempt['body']>, headers = {}): Attempt => ({
  path,
  method: 'POST',
  headers: { authorization, 'content-type': json, ...headers },
  body,
});
const nest = (depth: number, inner: string): string => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;
const withField = (body: object, field: string, value: string): string =>
  `${JSON.stringify(body).slice(0, -1)},${JSON.stringify(field)}:${value}}`;

/** Ways to break a fair request; what comes out is never acceptable. */
const attacks: readonly ((random: Random, path: string, body: object) => Attempt)[] = [
  // cut short
  (random, path, body) => {
    const text = JSON.stringify(body);
    return post(path, text.slice(0, random.integer(text.length)));
  },
  // bytes that are no UTF-8
  (random, path, body) => {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    bytes[random.integer(bytes.length)] = random.of([0xff, 0xc0, 0x80, 0xf8]);
    return post(path, bytes);
  },
  // a value that no field takes
  (random, path, body) => {
    const value = random.of([
      nest(2000, ''),
      '{"a":{}}',
      '[[[[]]]]',
      '1e999',
      '-1e308',
      '12345678901234567890123',
      '[null]',
    ]);
    return post(path, withField(body, random.of(Object.keys(body)), value));
  },
  // a field that is none, and says something: a null is as good as nothing
  (random, path, body) => {
    const field = random.of([
      '__proto__',
      'constructor',
      'toString',
      'tools',
      'suffix',
      '',
      '\u0000',
      'x'.repeat(5000),
    ]);
    return post(path, withField(body, field, random.of(['1', '{}', '[]', '""'])));
  },
  // noise
  (random, path) =>
    post(
      path,
      Uint8Array.from({ length: 1 + random.integer(300) }, () => 128 + random.integer(128)),
    ),
  // too much
  (random, path) => post(path, ' '.repeat(16_385 + random.integer(50_000))),
  // other types
  (random, path, body) =>
    post(path, JSON.stringify(body), { 'content-type': random.of(['text/plain', '', 'application/xml']) }),
  (random, path, body) => post(path, JSON.stringify(body), { 'content-encoding': random.of(['gzip', 'br', 'x']) }),
  // wrong keys
  (random, path, body) => {
    const wrong = random.of([
      '',
      'Bearer',
      `Bearer ${key}x`,
      `Basic ${key}`,
      `Bearer ${'k'.repeat(4000)}`,
      'Bearer \u00ff',
    ]);
    return post(path, JSON.stringify(body), { authorization: wrong });
  },
  // wrong methods and paths
  (random, path) => ({
    path,
    method: random.of(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']),
    headers: { authorization },
  }),
  (random) => ({
    path: random.of([
      '/',
      '/v1',
      '/../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/v1/models/%00',
      `/${'a'.repeat(3000)}`,
      '/v1/models/..%2f',
    ]),
    headers: { authorization },
  }),
  // ids that do not exist
  (random) => post('/v1/completions', JSON.stringify({ ...fair, prompt: [random.of([2048, 2 ** 31 - 1, 99_999])] })),
  (random) => post('/detokenize', JSON.stringify({ tokens: [random.of([2048, 2 ** 31 - 1])] })),
  // prompts that do not fit
  (random) => post('/v1/completions', JSON.stringify({ ...fair, prompt: Array(2049).fill(random.integer(2000)) })),
];

const leak = /node_modules|\.ts\b|\.js\b|at \S+:\d+|\/home|\/root|file:|Error:/;

describe('1,000 hostile requests', () => {
  test('are all refused, and tell nothing', async () => {
    const random = createRandom(11);
    const attempts = Array.from({ length: 1000 }, (_, index) => {
      const path = random.of(Object.keys(bodies));
      return attacks[index % attacks.length]!(random, path, bodies[path]!);
    });
    const wrong: string[] = [];
    const next = attempts.values();
    const send = async (): Promise<void> => {
      for (const { path, method = 'GET', headers = {}, body } of next) {
        const init = { method, headers, ...(body === undefined ? {} : { body }) };
        const response = await fetch(`${serving.url}${path}`, init).catch((error: Error) => error);
        if (response instanceof Error) {
          wrong.push(`${method} ${path}: ${response.cause ?? response}`);
          continue;
        }
        const text = await response.text();
        const shape = method === 'OPTIONS' || text.startsWith('{"error":{"message":');
        if (response.status < 400 || response.status > 499 || !shape || leak.test(text) || text.length > 2000) {
          wrong.push(`${response.status} for ${method} ${path} ${String(body).slice(0, 200)}: ${text.slice(0, 300)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, send));
    expect(wrong).toEqual([]);
  });

  test('of raw bytes are refused or hung up on, also when they never end', async () => {
    const head = `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nContent-Type: ${json}\r\n`;
    const raw: readonly string[] = [
      'GARBAGE\r\n\r\n',
      '\u0000\u0001\u0002\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET /health HTTP/1.1\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`,
      `${head}Content-Length: -5\r\n\r\n{}`,
      `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}`,
      `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
      `${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}`,
      `${head}Transfer-Encoding: gzip\r\n\r\n{}`,
      // slowloris: headers or bodies that never end, and connections that never begin
      'GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n',
      `${head}Content-Length: 1000\r\n\r\n{"prompt":`,
      `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"pro`,
      '',
    ];
    const answers = await Promise.all(Array.from({ length: 56 }, (_, index) => sendRaw(raw[index % raw.length]!)));
    for (const answer of answers) {
      expect(answer === '' || /^HTTP\/1\.1 (4\d\d|505)/.test(answer) ? '' : answer).toBe('');
      expect(leak.test(answer)).toBe(false);
    }
  });

  test('that trickle are hung up on', async () => {
    const socket = connect(Number(new URL(impatient.url).port), '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise<void>((resolve) => socket.once('close', resolve));
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n');
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 20);
    await closed;
    clearInterval(drip);
  });

  test('leave the server as it was', async () => {
    const ask = async () => {
      const init = { method: 'POST', headers: { authorization, 'content-type': json }, body: JSON.stringify(fair) };
      return (await (await fetch(`${serving.url}/v1/completions`, init)).json()) as { choices: { text: string }[] };
    };
    const texts = await Promise.all([ask(), ask(), ask()]);
    expect(texts[0]!.choices[0]!.text).not.toBe('');
    expect(new Set(texts.map(({ choices }) => choices[0]!.text)).size).toBe(1);
    const metrics = await (await fetch(`${serving.url}/metrics`, { headers: { authorization } })).text();
    expect(metrics).toContain('vllm:num_requests_running{model_name="bundled"} 0');
    expect(metrics).toContain('vllm:num_requests_waiting{model_name="bundled"} 0');
    expect(metrics).not.toMatch(/http_requests_total\{[^}]*status="5/);
  });
});

/** Sends bytes and keeps the connection open; what comes back until the server hangs up. */
function sendRaw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect(Number(new URL(impatient.url).port), '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(received));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}
