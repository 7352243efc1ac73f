import { describe, expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { createCompletion, streamCompletion } from './completion.ts';
import { all, answerOptions, createScriptedModel, type Reply, specials } from './testing.ts';

const served = (reply: Reply) => ({ name: 'small', model: createScriptedModel(reply) });

describe('a completion', () => {
  test('is the text, with exact counts', async () => {
    const completion = await createCompletion(
      served(() => 'bright'),
      { prompt: 'sun' },
      answerOptions,
    );
    expect(completion).toEqual({
      id: 'answer-1',
      object: 'text_completion',
      created: 1_700_000_000,
      model: 'small',
      choices: [{ index: 0, text: 'bright', logprobs: null, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: 4,
        completion_tokens: 6,
        total_tokens: 10,
        prompt_tokens_details: { cached_tokens: 2 },
      },
      timings: {
        prompt_n: 2,
        cache_n: 2,
        prompt_ms: 10,
        prompt_per_second: 200,
        predicted_n: 6,
        predicted_ms: 20,
        predicted_per_second: 300,
      },
    });
  });

  test('of more ids than the context holds is refused before anything is done with them', async () => {
    const { name, model } = served(() => 'never');
    const answer = createCompletion({ name, model }, { prompt: [[1], Array(257).fill(1)] }, answerOptions);
    await expect(answer).rejects.toThrow('prompt: expected at most 256 tokens, which the context holds, got 257');
    expect(model.requests).toEqual([]);
  });

  test('ends after 16 tokens unless asked for more', async () => {
    const { choices, usage } = await createCompletion(
      served(() => 'a'.repeat(99)),
      { prompt: 'x' },
      answerOptions,
    );
    expect(choices[0]).toMatchObject({ text: 'a'.repeat(16), finish_reason: 'length' });
    expect(usage.completion_tokens).toBe(16);
  });

  test('streams the same text in pieces, and usage when asked for', async () => {
    const request = { prompt: 'sun', stream: true, stream_options: { include_usage: true } };
    const chunks = await all(
      streamCompletion(
        served(() => 'né!'),
        request,
        answerOptions,
      ),
    );
    expect(chunks.map(({ choices }) => choices[0]?.text)).toEqual(['n', 'é', '!', '', undefined]);
    expect(chunks.map(({ usage }) => usage)).toEqual([
      null,
      null,
      null,
      null,
      expect.objectContaining({ total_tokens: 8 }),
    ]);
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }], timings: { predicted_n: 4 } });
    const plain = await all(
      streamCompletion(
        served(() => 'né!'),
        { prompt: 'sun', stream: true },
        answerOptions,
      ),
    );
    expect(plain).toHaveLength(4);
    expect(plain.every((chunk) => !('usage' in chunk))).toBe(true);
  });

  test('of several prompts has n choices of each, prompts counted once', async () => {
    const reply: Reply = ({ prompt }) => String.fromCharCode(...Array.from(prompt as number[]).slice(1)).toUpperCase();
    const request = { prompt: ['one', 'two'], n: 2 };
    const { choices, usage } = await createCompletion(served(reply), request, answerOptions);
    expect(choices.map(({ index, text }) => `${index}${text}`)).toEqual(['0ONE', '1ONE', '2TWO', '3TWO']);
    expect(usage).toMatchObject({ prompt_tokens: 8, completion_tokens: 12 });
  });

  test('draws each choice with a seed of its own, the first with the one given', async () => {
    const model = createScriptedModel(({ sampling }) => `${sampling?.seed}`);
    const seeds = async (seed: number, n: number): Promise<string[]> => {
      const answer = await createCompletion({ name: 'small', model }, { prompt: 'x', n, seed }, answerOptions);
      return answer.choices.map(({ text }) => text);
    };
    const seven = await seeds(7, 3);
    expect(seven[0]).toBe('7');
    expect(await seeds(7, 3)).toEqual(seven);
    expect(new Set([...seven, ...(await seeds(8, 3))]).size).toBe(6);
    for (const { sampling } of model.requests) expect(Number.isSafeInteger(sampling?.seed)).toBe(true);
  });

  test('hands every setting on', async () => {
    const model = createScriptedModel(() => 'x');
    const request = {
      prompt: [1, 2],
      max_tokens: 3,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      min_p: 0.1,
      repetition_penalty: 1.2,
      frequency_penalty: 0.3,
      presence_penalty: 0.4,
      logit_bias: { '7': -100 },
      stop: 'end',
      ignore_eos: true,
      priority: 4,
      seed: 9,
      logprobs: 2,
    };
    await createCompletion({ name: 'small', model }, request, answerOptions);
    expect(model.requests[0]).toMatchObject({
      prompt: [1, 2],
      maxTokens: 3,
      stop: ['end'],
      ignoreEos: true,
      priority: -4,
      logProbabilities: 2,
      sampling: {
        temperature: 0.5,
        topP: 0.9,
        topK: 5,
        minP: 0.1,
        repetitionPenalty: 1.2,
        frequencyPenalty: 0.3,
        presencePenalty: 0.4,
        logitBias: { 7: -100 },
        seed: 9,
      },
    });
  });

  test('takes -1 for no top k, as vLLM does', async () => {
    const model = createScriptedModel(() => 'x');
    await createCompletion({ name: 'small', model }, { prompt: 'x', top_k: -1 }, answerOptions);
    expect(model.requests[0]?.sampling).not.toHaveProperty('topK');
  });

  test('echoes the prompt, with its log-probabilities but without BOS', async () => {
    const model = createScriptedModel(() => 'b');
    const request = { prompt: 'aé', echo: true, logprobs: 1, max_tokens: 1 };
    const { choices } = await createCompletion({ name: 'small', model }, request, answerOptions);
    expect(Array.from(model.requests[0]!.prompt as number[])[0]).toBe(specials.bos);
    expect(choices[0]).toMatchObject({
      text: 'aéb',
      logprobs: {
        tokens: ['a', 'bytes:\\xc3', 'bytes:\\xa9', 'b'],
        token_logprobs: [-0.25, -0.375, -0.5, -0.125],
        text_offset: [0, 1, 1, 2],
        top_logprobs: [{ a: -0.25, A: -9999 }, expect.anything(), expect.anything(), { b: -0.125, A: -9999 }],
      },
    });
  });

  test('of ids echoes them all; the first has no log-probability', async () => {
    const request = { prompt: [97, 98], echo: true, logprobs: 0, max_tokens: 0 };
    const { choices } = await createCompletion(
      served(() => 'x'),
      request,
      answerOptions,
    );
    expect(choices[0]).toMatchObject({
      text: 'ab',
      finish_reason: 'length',
      logprobs: { tokens: ['a', 'b'], token_logprobs: [null, -0.25], top_logprobs: [null, { b: -0.25 }] },
    });
  });

  test('counts offsets from where the text begins when the prompt is not echoed', async () => {
    const request = { prompt: 'sun', logprobs: 0 };
    const { choices } = await createCompletion(
      served(() => 'ab'),
      request,
      answerOptions,
    );
    expect(choices[0]?.logprobs).toMatchObject({ tokens: ['a', 'b'], text_offset: [0, 1] });
  });

  test('tells how far the prompt has been read', async () => {
    const request = { prompt: 'sun', stream: true, return_progress: true };
    const [first] = await all(
      streamCompletion(
        served(() => 'x'),
        request,
        answerOptions,
      ),
    );
    expect(first).toMatchObject({ choices: [], prompt_progress: { total: 4, processed: 4 } });
  });
});

describe('ending early', () => {
  test('the signal ends every choice, and its reason is thrown', async () => {
    const controller = new AbortController();
    const model = createScriptedModel(
      () => 'abc',
      async () => controller.abort(new Error('gone')),
    );
    const request = { prompt: 'x', n: 3 };
    const options = { ...answerOptions, signal: controller.signal };
    await expect(createCompletion({ name: 'small', model }, request, options)).rejects.toThrow('gone');
    expect(model.running).toBe(0);
  });

  test('a reader that leaves ends every choice', async () => {
    const model = createScriptedModel(() => 'abc');
    const stream = streamCompletion({ name: 'small', model }, { prompt: 'x', n: 3 }, answerOptions);
    for await (const _ of stream) break;
    expect(model.requests.every(({ signal }) => signal?.aborted)).toBe(true);
    expect(model.running).toBe(0);
  });

  test('a failing choice ends the others', async () => {
    const model = createScriptedModel(({ sampling }) => {
      if (sampling?.seed === 5) throw new Error('broken');
      return 'abc';
    });
    const request = { prompt: 'x', n: 3, seed: 5 };
    await expect(createCompletion({ name: 'small', model }, request, answerOptions)).rejects.toThrow('broken');
    expect(model.running).toBe(0);
  });

  test('a model that ends of its own accord is an error, not a short text', async () => {
    const model = createScriptedModel(() => 'abc');
    const ending = {
      ...model,
      async *generate(request: Parameters<typeof model.generate>[0]) {
        for await (const part of model.generate(request)) {
          yield part.type === 'finish' ? ({ ...part, reason: 'abort' } as const) : part;
        }
      },
    };
    const answer = createCompletion({ name: 'small', model: ending }, { prompt: 'x' }, answerOptions);
    await expect(answer).rejects.toThrow(ApiError);
  });
});
