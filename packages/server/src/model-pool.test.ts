import { YocoError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createHeldModel, createTestServer, eventually, sourceOf } from './testing.ts';

/** Three models of 100 bytes that note when they come and go. */
function createThree(memoryBytes: number, broken?: string) {
  const events: string[] = [];
  const models = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, createHeldModel()]));
  const sources = Object.entries(models).map(([name, model]) => ({
    name,
    bytes: 100,
    async load() {
      events.push(`+${name}`);
      if (name === broken) throw new Error('/home/secret/model.safetensors: truncated');
      await new Promise((resolve) => setImmediate(resolve));
      return {
        model,
        sequences: 1,
        [Symbol.asyncDispose]: async () => void events.push(`-${name}`),
      };
    },
  }));
  const server = createTestServer(models.a!, { models: sources, memoryBytes });
  const ask = (model?: string) => server.post('/v1/completions', { prompt: 'hi', max_tokens: 1, model });
  return { server, events, models, ask };
}

describe('several models', () => {
  test('are loaded when asked for, the first for requests that name none', async () => {
    const { events, ask } = createThree(300);
    expect(await (await ask('b')).json()).toMatchObject({ model: 'b' });
    expect(await (await ask()).json()).toMatchObject({ model: 'a' });
    await ask('b');
    expect(events).toEqual(['+b', '+a']);
  });

  test('are loaded once for requests that come together', async () => {
    const { events, ask } = createThree(300);
    const answers = await Promise.all(['a', 'b', 'a', 'b', 'a'].map(ask));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(events).toEqual(['+a', '+b']);
  });

  test('put out the longest unused one when the budget is full', async () => {
    const { server, events, ask } = createThree(200);
    expect((await server.get('/ready')).status).toBe(503);
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(name);
    expect(events).toEqual(['+a', '+b', '-b', '+c', '-c', '+b']);
    // a balancer must not turn away from a server whose first model made room
    for (const name of ['c', 'b']) await ask(name);
    expect(events.slice(6)).toEqual(['-a', '+c']);
    expect((await server.get('/ready')).status).toBe(200);
  });

  test('never put out one in use: the request is refused for now', async () => {
    const { server, events, models, ask } = createThree(100);
    models.a!.hold();
    const pending = ask('a');
    await eventually(() => models.a!.running === 1);
    const refused = await ask('b');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await refused.json()).toMatchObject({ error: { code: 'model_busy' } });
    models.a!.release(1);
    expect((await pending).status).toBe(200);
    expect((await ask('b')).status).toBe(200);
    await server[Symbol.asyncDispose]();
    expect(events).toEqual(['+a', '-a', '+b', '-b']);
  });

  test('that cannot be loaded leave the others alone, tell no path, and are tried again', async () => {
    const { events, ask } = createThree(300, 'b');
    await expect(createThree(300, 'a').server.warmUp()).rejects.toThrow('truncated');
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await ask('b');
      expect(response.status).toBe(503);
      const text = await response.text();
      expect(text).toContain('model_unavailable');
      expect(text).not.toContain('secret');
    }
    expect((await ask('a')).status).toBe(200);
    expect(events).toEqual(['+b', '+b', '+a']);
  });

  test.each(['worker', 'device_lost'])('whose errors say %s are loaded anew', async (code) => {
    const model = createHeldModel();
    let loads = 0;
    const load = async () => {
      loads++;
      const gone = new YocoError(code, 'gone');
      const generate = (): never => {
        throw gone;
      };
      const dead = { ...model, generate };
      return { model: loads === 1 ? dead : model, sequences: 1, [Symbol.asyncDispose]: async () => {} };
    };
    const server = createTestServer(model, { models: [sourceOf(model, 'small', { load })] });
    const ask = () => server.post('/v1/completions', { prompt: 'hi', max_tokens: 1 });
    const failed = await ask();
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '1']);
    expect([(await ask()).status, loads]).toEqual([200, 2]);
  });

  test('that take long to load hold neither a client that leaves nor the end of the server up', async () => {
    const model = createHeldModel();
    const logged: string[] = [];
    const note = (_: object, message: string): void => void logged.push(message);
    const load = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const server = createTestServer(model, {
      models: [sourceOf(model, 'small', { load })],
      logger: { info: note, error: note },
    });
    const warmUp = server.warmUp().catch((error: Error) => error);
    const ask = (init = {}) => server.post('/v1/completions', { prompt: 'hi', max_tokens: 1 }, init);
    const controller = new AbortController();
    const left = ask({ signal: controller.signal });
    const stays = ask();
    controller.abort();
    await left;
    await server.drain(1);
    expect((await stays).status).toBe(503);
    await server[Symbol.asyncDispose]();
    expect(await warmUp).toMatchObject({ code: 'disposed' });
    expect(logged).not.toContain('model cannot be loaded');
  });

  test('can be loaded no more after the end', async () => {
    const { server, events, ask } = createThree(300);
    await ask('a');
    await server[Symbol.asyncDispose]();
    expect((await ask('a')).status).toBe(503);
    expect(events).toEqual(['+a', '-a']);
  });
});
