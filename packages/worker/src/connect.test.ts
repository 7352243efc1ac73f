import {
  BusyError,
  CapacityError,
  CheckpointError,
  DeviceLostError,
  DisposedError,
  type GeneratePart,
  type GenerateRequest,
  type LanguageModel,
  RequestError,
  YocoError,
} from '@yoco-u/spec';
import { describe, expect, test, vi } from 'vitest';
import { connectLanguageModel } from './connect.ts';
import { WorkerError } from './plain-error.ts';
import { partsAhead } from './protocol.ts';
import { type LoadContext, serveLanguageModel } from './serve.ts';
import { connectHere, createCountingModel, tokenizerJson } from './testing.ts';

async function collect(model: LanguageModel, request: GenerateRequest): Promise<GeneratePart[]> {
  const parts: GeneratePart[] = [];
  for await (const part of model.generate(request)) parts.push(part);
  return parts;
}

const tokensOf = (parts: readonly GeneratePart[]) => parts.filter(({ type }) => type === 'token');

describe('a connected model', () => {
  test('is what the served one is', async () => {
    const { model: inside } = createCountingModel();
    const { model } = await connectHere(inside);
    const { specVersion, id, contextLength, vocabularySize, bosTokenId, tokenizer } = model;
    expect({ specVersion, id, contextLength, vocabularySize, bosTokenId }).toEqual({
      specVersion: 1,
      id: 'counting',
      contextLength: 1000,
      vocabularySize: 3,
      bosTokenId: undefined,
    });
    expect(tokenizer.decode(tokenizer.encode('cab'))).toBe('cab');
    await model[Symbol.asyncDispose]();
  });

  test('gives the same parts, however many', async () => {
    const { model: inside } = createCountingModel();
    const { model } = await connectHere(inside);
    const request = { prompt: 'a', maxTokens: 7 * partsAhead + 1 };
    expect(await collect(model, request)).toEqual(await collect(inside, request));
    await model[Symbol.asyncDispose]();
  });

  test('passes on every setting of a request, also those that it does not know', async () => {
    const { model: inside, trace } = createCountingModel();
    const { model } = await connectHere(inside);
    const settings = {
      maxTokens: 1,
      sampling: { topK: 3, seed: 2 ** 40 },
      stop: ['x'],
      iterations: 2,
      later: new Map([[1, -1]]),
    };
    await collect(model, { prompt: Uint8Array.of(9, 1, 2).subarray(1), ...settings });
    expect(trace.requests).toEqual([{ prompt: [1, 2], ...settings, signal: expect.any(AbortSignal) }]);
    await model[Symbol.asyncDispose]();
  });

  test('tells what it is doing when asked', async () => {
    const { model: inside } = createCountingModel();
    let asked = 0;
    const load = async () => ({
      model: inside,
      tokenizerJson,
      stats: () => ++asked,
      [Symbol.asyncDispose]: async () => {},
    });
    const { model, stats } = await connectHere(inside, load);
    expect([await stats(), await stats()]).toEqual([1, 2]);
    await model[Symbol.asyncDispose]();
    await expect(stats()).rejects.toThrow(DisposedError);
  });

  test('hands on a look inside', async () => {
    const inspect = async (request: unknown) => {
      if (request === 'wrong') throw new RequestError({ where: 'inspect', expected: 'right', got: 'wrong' });
      return { asked: request, change: Float32Array.of(0.5, 0.25) };
    };
    const { model: inside } = createCountingModel();
    const load = async () => ({ model: inside, tokenizerJson, inspect, [Symbol.asyncDispose]: async () => {} });
    const { inspect: ask, model } = await connectHere(inside, load);
    expect(await ask([[1, 2], { layer: 1 }])).toEqual({
      asked: [[1, 2], { layer: 1 }],
      change: Float32Array.of(0.5, 0.25),
    });
    await expect(ask('wrong')).rejects.toThrow(RequestError);
    await model[Symbol.asyncDispose]();
    await expect(ask([])).rejects.toThrow(DisposedError);
  });

  test('refuses what cannot be sent', async () => {
    const { model } = await connectHere(createCountingModel().model);
    const request = { prompt: 'a', maxTokens: 1, later: () => {} };
    await expect(collect(model, request)).rejects.toThrow(RequestError);
    expect(tokensOf(await collect(model, { prompt: 'a', maxTokens: 1 }))).toHaveLength(1);
    await model[Symbol.asyncDispose]();
  });

  test('frees the model inside, once', async () => {
    const { model: inside, trace } = createCountingModel();
    const { model } = await connectHere(inside);
    const generation = model.generate({ prompt: 'a', maxTokens: 900 })[Symbol.asyncIterator]();
    await generation.next();
    await Promise.all([model[Symbol.asyncDispose](), model[Symbol.asyncDispose]()]);
    expect(trace.disposed).toBe(true);
    expect(() => model.generate({ prompt: 'a' })).toThrow(DisposedError);
    await expect(model.score([0, 1], 1)).rejects.toThrow(DisposedError);
    await expect(
      (async () => {
        while ((await generation.next()).done !== true);
      })(),
    ).rejects.toThrow(DisposedError);
  });
});

describe('a reader', () => {
  test('that is slow holds its generation up, and no other', async () => {
    const { model: inside, trace } = createCountingModel();
    const { model } = await connectHere(inside);
    const slow = model.generate({ prompt: 'a', maxTokens: 900 })[Symbol.asyncIterator]();
    await slow.next();
    await collect(model, { prompt: 'b', maxTokens: 4 * partsAhead });
    // two parts a token
    expect(trace.computed[0]).toBeLessThanOrEqual(partsAhead / 2 + 1);
    for (let parts = 1; parts < 2 * partsAhead; parts++) await slow.next();
    await collect(model, { prompt: 'b', maxTokens: 4 * partsAhead });
    expect(trace.computed[0]).toBeGreaterThanOrEqual(partsAhead);
    expect(trace.computed[0]).toBeLessThanOrEqual((3 * partsAhead) / 2 + 1);
    await slow.return?.();
    await model[Symbol.asyncDispose]();
  });

  test('that leaves ends its generation before it goes on', async () => {
    const { model: inside, trace } = createCountingModel();
    const { model } = await connectHere(inside);
    for await (const part of model.generate({ prompt: 'a', maxTokens: 900 })) if (part.type === 'token') break;
    expect(trace.open).toBe(0);
    await model[Symbol.asyncDispose]();
  });

  test('that aborts gets no further token, and a count of those it got', async () => {
    const { model: inside, trace } = createCountingModel();
    const { model } = await connectHere(inside);
    const controller = new AbortController();
    const parts: GeneratePart[] = [];
    for await (const part of model.generate({ prompt: 'a', maxTokens: 900, signal: controller.signal })) {
      parts.push(part);
      if (tokensOf(parts).length === 40) controller.abort();
    }
    expect(tokensOf(parts)).toHaveLength(40);
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'abort', usage: { completionTokens: 40 } });
    expect(trace.open).toBe(0);
    await model[Symbol.asyncDispose]();
  });

  test('that aborted before gets an end at once', async () => {
    const { model } = await connectHere(createCountingModel().model);
    const parts = await collect(model, { prompt: 'a', maxTokens: 900, signal: AbortSignal.abort() });
    expect(parts).toMatchObject([{ type: 'finish', reason: 'abort', usage: { completionTokens: 0 } }]);
    await model[Symbol.asyncDispose]();
  });

  test('whose callback throws gets its own error', async () => {
    const { model: inside, trace } = createCountingModel();
    const { model } = await connectHere(inside);
    const onPrefill = () => {
      throw new RangeError('mine');
    };
    await expect(collect(model, { prompt: 'a', maxTokens: 900, onPrefill })).rejects.toThrow('mine');
    expect(trace.requests).toHaveLength(1);
    await model[Symbol.asyncDispose]();
  });
});

describe('errors', () => {
  const thrown = [
    new CapacityError({ where: 'here', expected: 'less', got: 'more' }, { cause: new TypeError('why') }),
    new DisposedError('it'),
    new DeviceLostError('gone'),
    new BusyError('too many'),
    new YocoError('plug-in', 'a code of its own'),
    new RangeError('of the platform'),
  ];

  test.each(thrown)('of class $name keep it, their code, message and cause', async (error) => {
    const { model: inside } = createCountingModel();
    const score = async (): Promise<Float32Array> => {
      throw error;
    };
    const { model } = await connectHere({ ...inside, score });
    const got = await model.score([1, 2], 1).catch((reason: unknown) => reason as Error);
    expect(got).toBeInstanceOf(error.constructor);
    expect(got).toMatchObject({ name: error.name, message: error.message });
    expect(YocoError.isInstance(got) ? got.code : undefined).toBe(YocoError.isInstance(error) ? error.code : undefined);
    expect((got as Error).cause).toEqual(error.cause);
    await model[Symbol.asyncDispose]();
  });

  test('of a generation come behind its parts', async () => {
    const { model: inside } = createCountingModel();
    const generate = async function* (): AsyncGenerator<GeneratePart> {
      yield { type: 'token', id: 1 };
      throw new RequestError('enough');
    };
    const { model } = await connectHere({ ...inside, generate });
    const generation = model.generate({ prompt: 'a' })[Symbol.asyncIterator]();
    expect(await generation.next()).toEqual({ done: false, value: { type: 'token', id: 1 } });
    await expect(generation.next()).rejects.toThrow(RequestError);
    expect(await generation.next()).toEqual({ done: true, value: undefined });
    await model[Symbol.asyncDispose]();
  });

  test('of an aborted score are the reason of its signal', async () => {
    const { model: inside } = createCountingModel();
    const score: LanguageModel['score'] = (_ids, _from, { signal } = {}) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
    const { model } = await connectHere({ ...inside, score });
    const controller = new AbortController();
    const scoring = model.score([1, 2], 1, { signal: controller.signal });
    controller.abort(new Error('my reason'));
    await expect(scoring).rejects.toThrow('my reason');
    await model[Symbol.asyncDispose]();
  });
});

describe('loading', () => {
  const loadWith = async (
    load: (request: unknown, context: LoadContext) => Promise<void>,
    options: Parameters<typeof connectLanguageModel>[2] = {},
  ) => {
    const { port1, port2 } = new MessageChannel();
    const { model, trace } = createCountingModel();
    serveLanguageModel(port2, async (request, context) => {
      await load(request, context);
      const details = { of: request };
      return { model, tokenizerJson, details, [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() };
    });
    return { connecting: connectLanguageModel(port1, { folder: 'f' }, options), trace };
  };

  test('gives the loader the request, and the details back, and tells how far it is', async () => {
    const steps: number[][] = [];
    const { connecting } = await loadWith(
      async (request, { onProgress, onCompile }) => {
        expect(request).toEqual({ folder: 'f' });
        onProgress(1, 3);
        onProgress(3, 3);
        onCompile(0, 2);
      },
      { onProgress: (...step) => steps.push(step), onCompile: (...step) => steps.push([...step, 0]) },
    );
    const { model, details } = await connecting;
    expect(details).toEqual({ of: { folder: 'f' } });
    expect(steps).toEqual([
      [1, 3],
      [3, 3],
      [0, 2, 0],
    ]);
    await model[Symbol.asyncDispose]();
  });

  test('that fails rejects with its error', async () => {
    const { connecting } = await loadWith(async () => {
      throw new CheckpointError('no weights');
    });
    await expect(connecting).rejects.toThrow(CheckpointError);
  });

  test('that is aborted rejects with the reason, and what came all the same is freed', async () => {
    const controller = new AbortController();
    const { connecting, trace } = await loadWith(
      (_request, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
          controller.abort(new Error('changed my mind'));
        }),
      { signal: controller.signal },
    );
    await expect(connecting).rejects.toThrow('changed my mind');
    expect(trace.disposed).toBe(true);
  });

  test('that hears of no abort is given up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const controller = new AbortController();
      const { connecting } = await loadWith(() => new Promise(() => {}), { signal: controller.signal });
      const failure = expect(connecting).rejects.toThrow('changed my mind');
      controller.abort(new Error('changed my mind'));
      vi.advanceTimersByTime(5000);
      await failure;
    } finally {
      vi.useRealTimers();
    }
  });

  test('of a tokenizer that cannot be read fails', async () => {
    const { port1, port2 } = new MessageChannel();
    const { model } = createCountingModel();
    serveLanguageModel(port2, async () => ({ model, tokenizerJson: '{', [Symbol.asyncDispose]: async () => {} }));
    await expect(connectLanguageModel(port1, undefined)).rejects.toMatchObject({ code: 'tokenizer' });
  });
});

test('when the other side is gone, every call ends with a WorkerError, also later ones', async () => {
  const { model, inside } = await connectHere(createCountingModel().model);
  const generation = model.generate({ prompt: 'a', maxTokens: 900 })[Symbol.asyncIterator]();
  await generation.next();
  const score = model.score([1, 2], 1);
  inside.close();
  const failures = await Promise.allSettled([
    score,
    (async () => {
      while ((await generation.next()).done !== true);
    })(),
  ]);
  expect(failures.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'worker' } });
  await expect(model.score([1, 2], 1)).rejects.toThrow(WorkerError);
  await expect(collect(model, { prompt: 'a', maxTokens: 1 })).rejects.toThrow(WorkerError);
  await model[Symbol.asyncDispose]();
});
