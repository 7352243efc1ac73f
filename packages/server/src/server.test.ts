import { describe, expect, test } from 'vitest';
import { hashApiKey } from './api-keys.ts';
import type { Logger } from './options.ts';
import { createHeldModel, createTestServer, eventually, sourceOf } from './testing.ts';

const completion = { model: 'small', prompt: 'hi', max_tokens: 4 };
const chat = { model: 'small', messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 };

/** Every route, with a request that it answers. */
const routes: readonly (readonly [method: 'get' | 'post', path: string, body: object | null])[] = [
  ['post', '/v1/completions', completion],
  ['post', '/v1/chat/completions', chat],
  ['get', '/v1/models', null],
  ['get', '/v1/models/small', null],
  ['post', '/tokenize', { prompt: 'hi' }],
  ['post', '/detokenize', { tokens: [104, 105] }],
  ['get', '/health', null],
  ['get', '/ready', null],
  ['get', '/props', null],
  ['get', '/slots', null],
  ['get', '/metrics', null],
  ['get', '/openapi.json', null],
];

describe('routes', () => {
  test.each(routes)('%s %s answers', async (method, path, body) => {
    const server = createTestServer(createHeldModel());
    await server.warmUp();
    const response = method === 'get' ? await server.get(path) : await server.post(path, body);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  test('are all in the OpenAPI document', async () => {
    const { paths } = (await (await createTestServer(createHeldModel()).get('/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path.replace('{model}', 'small')}`),
    );
    expect(documented.sort()).toEqual(routes.map(([method, path]) => `${method} ${path}`).sort());
  });

  test('that do not exist are 404 in the shape of an error', async () => {
    const response = await createTestServer(createHeldModel()).get('/admin');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'not_found', type: 'invalid_request_error' } });
    expect((await createTestServer(createHeldModel()).get('/v1/models/')).status).toBe(404);
  });

  test('asked by another method are 405, and tell theirs', async () => {
    const server = createTestServer(createHeldModel());
    const response = await server.get('/v1/chat/completions');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await response.json()).toMatchObject({ error: { message: 'method: expected POST, got GET' } });
    const posted = await server.post('/v1/models/small', {});
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('of models say what is loaded, and none loads one', async () => {
    const server = createTestServer(createHeldModel());
    const models = async () => (await server.get('/v1/models')).json();
    expect(await models()).toMatchObject({ data: [{ id: 'small', state: 'unloaded' }] });
    expect((await server.get('/ready')).status).toBe(503);
    await server.warmUp();
    expect(await models()).toMatchObject({ data: [{ id: 'small', state: 'ready', max_model_len: 64 }] });
    expect((await server.get('/ready')).status).toBe(200);
    expect((await server.get('/v1/models/other')).status).toBe(404);
  });

  test('of tokens are each other’s inverse', async () => {
    const server = createTestServer(createHeldModel());
    const tokenized = await (await server.post('/tokenize', { prompt: 'né' })).json();
    expect(tokenized).toEqual({ count: 3, max_model_len: 64, tokens: [110, 0xc3, 0xa9] });
    expect(await (await server.post('/detokenize', { tokens: [110, 0xc3, 0xa9] })).json()).toEqual({ prompt: 'né' });
    const asChat = await (await server.post('/tokenize', { messages: chat.messages })).json();
    expect(asChat).toMatchObject({ tokens: [104, 105] });
    expect((await server.post('/tokenize', {})).status).toBe(400);
  });
});

describe('requests', () => {
  test('may bring an id, which comes back', async () => {
    const server = createTestServer(createHeldModel());
    const headers = { 'x-request-id': 'mine.1' };
    const response = await server.post('/v1/completions', completion, { headers });
    expect(response.headers.get('x-request-id')).toBe('mine.1');
    expect(await response.json()).toMatchObject({ id: 'cmpl-mine.1', choices: [{ text: 'ok o' }] });
    const forged = await server.get('/health', { 'x-request-id': 'a b<script>' });
    expect(forged.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    ['another model', { ...completion, model: 'other' }, 404, 'model_not_found'],
    ['too many completions', { ...completion, prompt: ['a', 'b', 'c'], n: 6 }, 400, 'invalid_value'],
    ['a prompt over the context', { ...completion, prompt: 'x'.repeat(65) }, 400, 'context_length_exceeded'],
    ['an unknown field', { ...completion, best_of: 2 }, 400, 'unsupported_parameter'],
    ['no JSON', '{"prompt":', 400, 'invalid_body'],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 400, 'invalid_body'],
    ['deep nesting', '['.repeat(500_000), 400, 'invalid_body'],
    ['deep nesting that ends', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 400, 'invalid_value'],
    ['a body over the limit', ' '.repeat(2 ** 20 + 1), 413, 'body_too_large'],
  ])('with %s are refused', async (_, body, status, code) => {
    const response = await createTestServer(createHeldModel()).post('/v1/completions', body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  test('are refused when a body without a length goes over the limit', async () => {
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    const init = { body: endless, duplex: 'half' } as RequestInit;
    expect((await createTestServer(createHeldModel()).post('/v1/completions', '', init)).status).toBe(413);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'of type %j are refused: a page could send them unasked',
    async (type) => {
      const init = { headers: { 'content-type': type } };
      expect((await createTestServer(createHeldModel()).post('/v1/completions', completion, init)).status).toBe(415);
    },
  );

  test('that fail inside tell nothing but their id; the log tells all', async () => {
    const logged: object[] = [];
    const note = (fields: object): void => void logged.push(fields);
    const model = createHeldModel();
    const secret = new Error(`ENOENT ${model.id}`);
    const broken = {
      ...model,
      generate() {
        throw secret;
      },
    };
    const server = createTestServer(broken, { logger: { info: note, error: note } });
    for (const stream of [false, true]) {
      const response = await server.post('/v1/completions', { ...completion, stream });
      expect(response.status).toBe(500);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ error: { message: 'internal error', type: 'server_error' } });
      expect(text).not.toContain('secret');
      expect(logged).toContainEqual({ requestId: response.headers.get('x-request-id'), err: secret });
    }
  });

  test('leave no prompt in the log unless asked to', async () => {
    for (const logPrompts of [false, true]) {
      const lines: string[] = [];
      const note = (fields: object, message: string): void => void lines.push(JSON.stringify({ ...fields, message }));
      const logger: Logger = { info: note, error: note };
      const server = createTestServer(createHeldModel(), { logger, logPrompts });
      await server.post('/v1/completions', { ...completion, prompt: 'my secret' });
      await server.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'my secret', x: 1 }] });
      expect(lines.some((line) => line.includes('request ended') && line.includes('/v1/completions'))).toBe(true);
      expect(lines.some((line) => line.includes('my secret'))).toBe(logPrompts);
    }
  });
});

describe('API keys', () => {
  const keyed = async (limits = {}) => {
    const apiKeys = await Promise.all(
      ['one', 'two'].map(async (name) => ({ name, sha256: await hashApiKey(`sk-${name}`) })),
    );
    const model = createHeldModel();
    return { model, server: createTestServer(model, { apiKeys, limits }) };
  };

  test.each(routes.filter(([, path]) => path !== '/health'))('are asked for by %s %s', async (method, path, body) => {
    const { server } = await keyed();
    await server.warmUp();
    const ask = (headers: Record<string, string>) =>
      method === 'get' ? server.get(path, headers) : server.post(path, body, { headers });
    for (const authorization of ['', 'Bearer', 'Bearer sk-on', 'Bearer sk-one2', 'Basic c2stb25l', 'sk-one']) {
      const response = await ask(authorization === '' ? {} : { authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect((await ask({ authorization: 'Bearer sk-one' })).status).toBe(200);
    expect((await ask({ authorization: 'bearer  sk-two' })).status).toBe(200);
  });

  test('are not asked for by /health, but by what does not exist', async () => {
    const { server } = await keyed();
    expect((await server.get('/health')).status).toBe(200);
    expect((await server.get('/admin')).status).toBe(401);
    expect((await server.get('/health/../v1/models')).status).toBe(401);
    expect((await server.get('//health')).status).toBe(401);
  });

  test('have a bound on requests under way each', async () => {
    const { server, model } = await keyed({ requestsPerKey: 2 });
    model.hold();
    const ask = (name: string) =>
      server.post('/v1/completions', completion, { headers: { authorization: `Bearer sk-${name}` } });
    const pending = [ask('one'), ask('one'), ask('two')];
    await eventually(() => model.requests.length === 3);
    const refused = await ask('one');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' } });
    const unread = { headers: { authorization: 'Bearer sk-one' }, body: new ReadableStream(), duplex: 'half' };
    expect((await server.post('/tokenize', '', unread as RequestInit)).status).toBe(429);
    model.release(100);
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await ask('one')).status).toBe(200);
  });
});

describe('pages', () => {
  const preflight = {
    method: 'OPTIONS',
    headers: {
      origin: 'https://a.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
    },
  };

  test('of other origins get no permission by default', async () => {
    const server = createTestServer(createHeldModel());
    const response = await server.fetch(new Request('http://localhost/v1/completions', preflight));
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const answer = await server.get('/v1/models', { origin: 'https://a.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('of origins that are named get it, before they have a key', async () => {
    const corsOrigins = ['https://a.example', 'http://localhost:3000', 'chrome-extension://abc'];
    const server = createTestServer(createHeldModel(), { corsOrigins, apiKeys: [] });
    const response = await server.fetch(new Request('http://localhost/v1/completions', preflight));
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://a.example');
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization,content-type,x-stainless-lang');
    const refused = await server.get('/v1/models', { origin: 'https://a.example' });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, 'https://a.example']);
    expect(refused.headers.get('access-control-expose-headers')).toContain('retry-after');
    const other = await server.get('/v1/models', { origin: 'https://b.example' });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('that give the server a name of their own are refused', async () => {
    const server = createTestServer(createHeldModel(), { hosts: ['localhost', '[::1]'] });
    for (const [host, status] of [
      ['localhost:8080', 200],
      ['LOCALHOST', 200],
      ['[::1]:80', 200],
      ['evil.example', 403],
    ] as const) {
      expect((await server.get('/health', { host })).status).toBe(status);
    }
  });
});

describe('options', () => {
  test.each([
    [{ models: [] }, 'config'],
    [{ models: [sourceOf(createHeldModel()), sourceOf(createHeldModel())] }, 'config'],
    [{ memoryBytes: 99 }, 'capacity'],
    [{ limits: { bodyBytes: 0 } }, 'config'],
    [{ corsOrigins: ['https://a.example/'] }, 'config'],
    [{ corsOrigins: ['https://a.example:443'] }, 'config'],
    [{ corsOrigins: ['*'] }, 'config'],
    [{ corsOrigins: ['./my-model'] }, 'config'],
    [{ limits: { choices: Number.NaN } }, 'config'],
  ])('that cannot be met are refused: %#', (options, code) => {
    expect(() => createTestServer(createHeldModel(), options)).toThrow(expect.objectContaining({ code }));
  });
});
