import { hashApiKey } from '@yoco-u/server';
import type { Serving } from '@yoco-u/server/node';
import { type LoadedModel, loadModelFolder } from '@yoco-u/yoco-u/node';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelPath, serveBundledModel } from './testing.ts';

const key = 'sk-test';
const prompt = 'Once upon a time';
let serving: Serving;
let client: OpenAI;
let alone: LoadedModel;

beforeAll(async () => {
  serving = await serveBundledModel({ apiKeys: [{ name: 'test', sha256: await hashApiKey(key) }] });
  client = new OpenAI({ baseURL: `${serving.url}/v1`, apiKey: key, maxRetries: 0 });
  alone = await loadModelFolder(modelPath, { threads: 1 });
});
afterAll(async () => {
  await serving.stop(0);
  await alone[Symbol.asyncDispose]();
});

/** What the model says without any server. */
async function textAlone(text: string, seed: number, maxTokens: number): Promise<string> {
  let said = '';
  const request = { prompt: text, maxTokens, sampling: { temperature: 1, seed } };
  for await (const part of alone.model.generate(request)) if (part.type === 'text') said += part.text;
  return said;
}

describe("OpenAI's client", () => {
  test('lists and finds models', async () => {
    const { data } = await client.models.list();
    expect(data).toMatchObject([{ id: 'bundled', object: 'model', owned_by: 'yoco-u' }]);
    expect((await client.models.retrieve('bundled')).id).toBe('bundled');
    await expect(client.models.retrieve('other')).rejects.toThrow(OpenAI.NotFoundError);
  });

  test('completes a text as the model does', async () => {
    const { choices, usage } = await client.completions.create({ model: 'bundled', prompt, max_tokens: 12, seed: 7 });
    expect(choices).toMatchObject([{ index: 0, text: await textAlone(prompt, 7, 12), finish_reason: 'length' }]);
    const promptTokens = alone.model.tokenizer.encode(prompt).length + 1;
    expect(usage).toMatchObject({
      prompt_tokens: promptTokens,
      completion_tokens: 12,
      total_tokens: promptTokens + 12,
    });
    expect(usage?.prompt_tokens_details?.cached_tokens).toBeTypeOf('number');
  });

  test('streams the same text', async () => {
    const stream = await client.completions.create({
      model: 'bundled',
      prompt,
      max_tokens: 12,
      seed: 7,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.text ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(await textAlone(prompt, 7, 12));
    expect(usage?.completion_tokens).toBe(12);
  });

  test('takes several prompts, n, stop, logit bias and echo', async () => {
    const body = { model: 'bundled', prompt: [prompt, 'The fox'], n: 2, max_tokens: 6, seed: 3 };
    const { choices } = await client.completions.create(body);
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(choices[0]?.text).toBe(await textAlone(prompt, 3, 6));
    expect(choices[2]?.text).toBe(await textAlone('The fox', 3, 6));

    const greedy = { model: 'bundled', prompt, max_tokens: 8, temperature: 0 };
    const whole = (await client.completions.create(greedy)).choices[0]!.text;
    const stop = whole.slice(4, 8);
    const stopped = (await client.completions.create({ ...greedy, stop })).choices[0]!;
    expect(stopped).toMatchObject({ text: whole.slice(0, whole.indexOf(stop)), finish_reason: 'stop' });

    const [first] = alone.model.tokenizer.encode(whole);
    const biased = await client.completions.create({ ...greedy, logit_bias: { [first!]: -100 } });
    expect(biased.choices[0]!.text.startsWith(alone.model.tokenizer.decode([first!]))).toBe(false);

    const echoed = await client.completions.create({ ...greedy, echo: true });
    expect(echoed.choices[0]!.text).toBe(prompt + whole);
  });

  test('gets log-probabilities, of the prompt too', async () => {
    const body = { model: 'bundled', prompt, max_tokens: 3, temperature: 0, logprobs: 2, echo: true };
    const { logprobs, text } = (await client.completions.create(body)).choices[0]!;
    const tokens = alone.model.tokenizer.encode(prompt).length + 3;
    expect(logprobs?.tokens?.join('')).toBe(text);
    expect(logprobs?.token_logprobs).toHaveLength(tokens);
    expect(logprobs?.text_offset?.[1]).toBe(logprobs?.tokens?.[0]?.length);
    const ids = [alone.model.bosTokenId!, ...alone.model.tokenizer.encode(prompt)];
    const losses = await alone.model.score(ids, 1);
    for (const [place, loss] of losses.entries()) expect(logprobs?.token_logprobs?.[place]).toBeCloseTo(-loss, 4);
    // greedy tokens are the likeliest of their alternatives
    for (const place of [tokens - 1, tokens - 2, tokens - 3]) {
      const all = Object.values(logprobs?.top_logprobs?.[place] ?? {});
      expect(logprobs?.token_logprobs?.[place]).toBe(Math.max(...all));
      expect(all).toHaveLength(2);
    }
  });

  test('chats with a base model, which continues the messages', async () => {
    const body = { model: 'bundled', max_completion_tokens: 10, seed: 5 };
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: prompt }];
    const { choices } = await client.chat.completions.create({ ...body, messages, logprobs: true, top_logprobs: 3 });
    const [choice] = choices;
    expect(choice?.message).toMatchObject({ role: 'assistant', content: await textAlone(prompt, 5, 10) });
    expect(choice?.logprobs?.content).toHaveLength(10);
    const bytes = choice!.logprobs!.content!.flatMap((token) => token.bytes!);
    expect(Buffer.from(bytes).toString()).toBe(choice?.message.content);
  });

  test('streams a chat through its own helper', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: prompt }];
    const stream = client.chat.completions.stream({ model: 'bundled', max_tokens: 10, seed: 5, messages });
    const deltas: string[] = [];
    stream.on('content', (delta) => deltas.push(delta));
    const final = await stream.finalChatCompletion();
    expect(deltas.join('')).toBe(final.choices[0]?.message.content);
    expect(final.choices[0]).toMatchObject({ finish_reason: 'length', message: { role: 'assistant' } });
    expect(deltas.join('')).toBe(await textAlone(prompt, 5, 10));
  });

  test('is told how much of a prompt was at hand, and gets the same text', async () => {
    const long = `${'The fox ran over the hill and saw the sun. '.repeat(12)}Then`;
    const body = { model: 'bundled', prompt: long, max_tokens: 8, seed: 2 };
    const cold = await client.completions.create(body);
    const warm = await client.completions.create(body);
    expect(warm.choices).toEqual(cold.choices);
    expect(cold.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
    expect(warm.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(63);
    expect(await textAlone(long, 2, 8)).toBe(warm.choices[0]?.text);
    const metrics = await client.get<string>(`${serving.url}/metrics`);
    expect(metrics).toMatch(/vllm:prefix_cache_hits_total\{model_name="bundled"\} [1-9]/);
  });

  test('reaches the other routes', async () => {
    const { tokens } = await client.post<{ tokens: number[] }>(`${serving.url}/tokenize`, { body: { prompt } });
    expect(tokens).toEqual([alone.model.bosTokenId, ...alone.model.tokenizer.encode(prompt)]);
    const body = { tokens: tokens.slice(1) };
    expect(await client.post(`${serving.url}/detokenize`, { body })).toEqual({ prompt });
    expect(await client.get(`${serving.url}/health`)).toEqual({ status: 'ok' });
    expect(await client.get(`${serving.url}/ready`)).toEqual({ status: 'ready' });
    expect(await client.get(`${serving.url}/slots`)).toHaveLength(4);
    expect(await client.get(`${serving.url}/props`)).toMatchObject({ models: [{ model: 'bundled', total_slots: 4 }] });
    expect(await client.get(`${serving.url}/openapi.json`)).toMatchObject({ openapi: '3.1.0' });
    expect(await client.get(`${serving.url}/metrics`)).toContain('vllm:time_to_first_token_seconds_bucket');
  });

  test('tells its errors by their class', async () => {
    const body = { model: 'bundled', prompt, max_tokens: 3 };
    await expect(client.completions.create({ ...body, suffix: 'x' })).rejects.toThrow(OpenAI.BadRequestError);
    await expect(client.completions.create({ ...body, model: 'gpt' })).rejects.toThrow(OpenAI.NotFoundError);
    await expect(client.completions.create({ ...body, logit_bias: { 99999: 1 } })).rejects.toThrow(
      /logitBias: expected ids/,
    );
    const tools = [{ type: 'function' as const, function: { name: 'f' } }];
    await expect(
      client.chat.completions.create({ model: 'bundled', messages: [{ role: 'user', content: 'x' }], tools }),
    ).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'tools' });
    await expect(
      client.completions.create({ ...body, prompt: Array<string>(3000).fill('word').join(' ') }),
    ).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' });
    const stranger = new OpenAI({ baseURL: `${serving.url}/v1`, apiKey: 'sk-wrong', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
  });

  test('in a crowd gets the same texts as alone', async () => {
    const seeds = [11, 12, 13, 14, 15, 16];
    const texts = await Promise.all(
      seeds.map(async (seed) => {
        if (seed % 2 === 0) {
          const body = { model: 'bundled', prompt, max_tokens: 24, seed };
          return (await client.completions.create(body)).choices[0]!.text;
        }
        let text = '';
        const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: prompt }];
        const body = { model: 'bundled', messages, max_tokens: 24, seed, stream: true as const };
        for await (const { choices } of await client.chat.completions.create(body)) {
          text += choices[0]?.delta.content ?? '';
        }
        return text;
      }),
    );
    for (const [index, seed] of seeds.entries()) expect(texts[index]).toBe(await textAlone(prompt, seed, 24));
  });

  test('that leaves frees its slot', async () => {
    const controller = new AbortController();
    const body = { model: 'bundled', prompt, max_tokens: 2000, ignore_eos: true, stream: true as const };
    const stream = await client.completions.create(body, { signal: controller.signal });
    for await (const _ of stream) break;
    controller.abort();
    const busy = async (): Promise<number> => {
      const slots = await client.get<{ is_processing: boolean }[]>(`${serving.url}/slots`);
      return slots.filter((slot) => slot.is_processing).length;
    };
    while ((await busy()) > 0);
    const metrics = await client.get<string>(`${serving.url}/metrics`);
    expect(metrics).toMatch(/vllm:request_success_total\{model_name="bundled",finished_reason="abort"\} 1/);
  });
});
