import { describe, expect, test } from 'vitest';
import { createHeldModel, createTestServer, eventually, sourceOf } from './testing.ts';

const completion = { prompt: 'hi', max_tokens: 4 };

/** The text of a metric with these labels. */
async function metric(server: ReturnType<typeof createTestServer>, line: string): Promise<number> {
  const text = await (await server.get('/metrics')).text();
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return Number(found?.split(' ')[1]);
}

describe('a full server', () => {
  test('lets a bounded number wait, and refuses others at once', async () => {
    const model = createHeldModel();
    const server = createTestServer(model, { limits: { queue: 2 } });
    model.hold();
    const pending = [1, 2, 3].map(() => server.post('/v1/completions', completion));
    await eventually(() => model.requests.length === 3);
    for (const stream of [false, true]) {
      const refused = await server.post('/v1/completions', { ...completion, stream });
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(await refused.json()).toMatchObject({ error: { code: 'server_overloaded' } });
    }
    expect(await metric(server, 'vllm:num_requests_running{model_name="small"}')).toBe(1);
    expect(await metric(server, 'vllm:num_requests_waiting{model_name="small"}')).toBe(2);
    expect((await server.get('/slots?fail_on_no_slot=1')).status).toBe(503);
    expect(await (await server.get('/slots')).json()).toEqual([
      expect.objectContaining({ id: 0, model: 'small', is_processing: true, state: 'prompt', prompt_tokens: 2 }),
    ]);
    model.release(12);
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await (await server.get('/slots')).json()).toMatchObject([{ is_processing: false, state: 'idle' }]);
    expect((await server.get('/slots?fail_on_no_slot=1')).status).toBe(200);
  });

  test('tells the use of a cache as the engine counts it, and of none where the engine is gone', async () => {
    const model = createHeldModel();
    let answer = async () => 0.25;
    const loaded = { model, sequences: 1, cacheUse: () => answer(), [Symbol.asyncDispose]: async () => {} };
    const server = createTestServer(model, { models: [sourceOf(model, 'small', { load: async () => loaded })] });
    await server.warmUp();
    for (const name of ['kv_cache_usage_perc', 'gpu_cache_usage_perc']) {
      expect(await metric(server, `vllm:${name}{model_name="small"}`)).toBe(0.25);
    }
    answer = () => Promise.reject(new Error('gone'));
    expect(await metric(server, 'vllm:kv_cache_usage_perc{model_name="small"}')).toBe(0);
  });

  test('counts what it did', async () => {
    const model = createHeldModel();
    const server = createTestServer(model);
    for (const figure of ['prompt_tokens_total', 'prefix_cache_hits_total', 'time_to_first_token_seconds_count']) {
      expect(await metric(server, `vllm:${figure}{model_name="small"}`)).toBe(0);
    }
    await server.post('/v1/completions', completion);
    await server.post('/v1/completions', { prompt: 7 });
    await server.get('/nowhere');
    const label = '{model_name="small"}';
    expect(await metric(server, `vllm:prompt_tokens_total${label}`)).toBe(2);
    expect(await metric(server, `vllm:generation_tokens_total${label}`)).toBe(4);
    expect(await metric(server, `vllm:time_to_first_token_seconds_count${label}`)).toBe(1);
    expect(await metric(server, `vllm:inter_token_latency_seconds_count${label}`)).toBe(3);
    expect(await metric(server, `vllm:e2e_request_latency_seconds_count${label}`)).toBe(1);
    expect(await metric(server, `vllm:prefix_cache_queries_total${label}`)).toBe(2);
    expect(await metric(server, `vllm:prefix_cache_hits_total${label}`)).toBe(0);
    expect(await metric(server, `vllm:kv_cache_usage_perc${label}`)).toBe(0);
    expect(await metric(server, 'vllm:request_success_total{model_name="small",finished_reason="length"}')).toBe(1);
    const requests = (route: string, status: string) =>
      metric(server, `yoco_u_http_requests_total{route="${route}",status="${status}"}`);
    expect(await requests('/v1/completions', '200')).toBe(1);
    expect(await requests('/v1/completions', '400')).toBe(1);
    expect(await requests('other', '404')).toBe(1);
  });
});

describe('a client that leaves', () => {
  test.each([false, true])('gives its place to the next (stream: %s)', async (stream) => {
    const model = createHeldModel();
    const server = createTestServer(model);
    model.hold();
    const controller = new AbortController();
    const init = { signal: controller.signal };
    const left = server.post('/v1/completions', { ...completion, stream }, init);
    await eventually(() => model.running === 1);
    const next = server.post('/v1/completions', completion);
    await eventually(() => model.requests.length === 2);
    controller.abort();
    await left;
    model.release(4);
    expect((await next).status).toBe(200);
    expect(await metric(server, 'yoco_u_http_requests_total{route="/v1/completions",status="aborted"}')).toBe(1);
    expect(await metric(server, 'vllm:request_success_total{model_name="small",finished_reason="abort"}')).toBe(1);
    expect(model.running).toBe(0);
  });

  test('while it waits leaves the queue', async () => {
    const model = createHeldModel();
    const server = createTestServer(model, { limits: { queue: 1 } });
    model.hold();
    const first = server.post('/v1/completions', completion);
    await eventually(() => model.running === 1);
    const controller = new AbortController();
    const second = server.post('/v1/completions', completion, { signal: controller.signal });
    await eventually(() => model.requests.length === 2);
    controller.abort();
    await second;
    const third = server.post('/v1/completions', completion);
    model.release(8);
    expect([(await first).status, (await third).status]).toEqual([200, 200]);
  });

  test('in the middle of its stream gives its place to the next', async () => {
    const model = createHeldModel();
    const server = createTestServer(model);
    model.hold();
    const pending = server.post('/v1/completions', { ...completion, stream: true });
    model.release(1);
    const reader = (await pending).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('"text":"o"');
    await reader.cancel();
    await eventually(() => model.running === 0);
    expect(await metric(server, 'yoco_u_http_requests_total{route="/v1/completions",status="aborted"}')).toBe(1);
  });
});

describe('a stream', () => {
  const events = async (response: Response): Promise<unknown[]> =>
    (await response.text())
      .split('\n\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice(6)));

  test('ends with [DONE]', async () => {
    const response = await createTestServer(createHeldModel()).post('/v1/completions', { ...completion, stream: true });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const text = await response.text();
    expect(text.endsWith('\n\ndata: [DONE]\n\n')).toBe(true);
    expect(text.split('\n\n')).toHaveLength(7);
  });

  test('gives signs of life while the model is silent', async () => {
    const model = createHeldModel();
    const server = createTestServer(model, { limits: { pingMs: 5 } });
    model.hold();
    const response = await server.post('/v1/completions', { ...completion, stream: true });
    expect(response.status).toBe(200);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toBe(': ping\n\n');
    expect((await reader.read()).value).toBe(': ping\n\n');
    model.release(4);
    let text = '';
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
    expect(text).toContain('[DONE]');
  });

  test('that nobody reads does not hold its place', async () => {
    const model = createHeldModel();
    const server = createTestServer(model);
    const slow = await server.post('/v1/completions', { ...completion, stream: true });
    await eventually(() => model.running === 0);
    expect((await server.post('/v1/completions', completion)).status).toBe(200);
    expect(await events(slow)).toHaveLength(5);
  });

  test('that fails on the way says so as its last event', async () => {
    const model = createHeldModel();
    const breaking = {
      ...model,
      async *generate(request: Parameters<typeof model.generate>[0]) {
        for await (const part of model.generate(request)) {
          if (part.type === 'finish') throw new Error('/home/secret');
          yield part;
        }
      },
    };
    const server = createTestServer(breaking);
    const response = await server.post('/v1/completions', { ...completion, stream: true });
    const all = await events(response);
    expect(all.at(-1)).toEqual({
      error: { message: 'internal error', type: 'server_error', param: null, code: 'internal_error' },
    });
    expect(await metric(server, 'yoco_u_http_requests_total{route="/v1/completions",status="500"}')).toBe(1);
  });
});

describe('a server that shuts down', () => {
  test('finishes what is under way and refuses what is new', async () => {
    const model = createHeldModel();
    const server = createTestServer(model);
    model.hold();
    const pending = server.post('/v1/completions', completion);
    await eventually(() => model.running === 1);
    const drained = server.drain(600_000);
    const refused = await server.post('/v1/completions', completion);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(refused.headers.get('connection')).toBe('close');
    expect(await (await server.get('/ready')).json()).toEqual({ status: 'draining' });
    expect((await server.get('/health')).status).toBe(200);
    model.release(4);
    expect((await pending).status).toBe(200);
    await drained;
  });

  test('ends what takes too long, and says so', async () => {
    const model = createHeldModel();
    const server = createTestServer(model);
    model.hold();
    const plain = server.post('/v1/completions', completion);
    const stream = server.post('/v1/completions', { ...completion, stream: true });
    const unread = { body: new ReadableStream(), duplex: 'half' };
    const coming = server.post('/v1/completions', '', unread as RequestInit);
    await eventually(() => model.requests.length === 2);
    // whoever hurries it speaks for those who wait already
    await Promise.all([server.drain(600_000), server.drain(1)]);
    expect((await plain).status).toBe(503);
    expect((await coming).status).toBe(503);
    expect((await stream).status).toBe(503);
    expect(model.running).toBe(0);
  });
});
