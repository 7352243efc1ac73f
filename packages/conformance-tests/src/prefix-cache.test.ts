import { createWasmBackend } from '@yoco-u/backend-wasm';
import type { EngineLanguageModel } from '@yoco-u/engine';
import { type GenerateRequest, RequestError, type TokenPart, type Usage } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createRandomModel, variantKernels } from './random-model.ts';

const cross = { type: 'cross', layers: 1, attention: 'full' };
const sliding = { type: 'self', layers: 2, iterations: 2, attention: 'sliding_window', window: 9, rope: true };
const wide = { ...sliding, window: 70 };
const retention = { type: 'self', layers: 1, iterations: 2, attention: 'gated_retention' };
const full = { type: 'self', layers: 2, attention: 'full', rope: true };

/** Holds the pages of three or four prompts. */
const cacheBytes = 200_000;

function createModel(stages: readonly object[], prefixCacheBytes: number, sequences = 1): Promise<EngineLanguageModel> {
  return createWasmBackend({ kernels: variantKernels.wasm ?? [], threads: 1 }).then((backend) =>
    createRandomModel(backend, { stages, sequences, contextLength: 500, prefixCacheBytes }),
  );
}

interface Result {
  readonly tokens: readonly TokenPart[];
  readonly usage: Usage;
}

async function run(model: EngineLanguageModel, request: GenerateRequest): Promise<Result> {
  const tokens: TokenPart[] = [];
  for await (const part of model.generate({ sampling: { temperature: 0 }, ignoreEos: true, ...request })) {
    if (part.type === 'token') tokens.push(part);
    if (part.type === 'finish') return { tokens, usage: part.usage };
  }
  throw new Error('no finish part');
}

const text = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, index) => (index * index * 31 + seed * 77 + index) % 256);

const systems = [
  { name: 'a Transformer', stages: [full], exact: true },
  { name: 'YOCO-U', stages: [sliding, cross], exact: true },
  { name: 'YOCO-U with a window longer than a page', stages: [wide, cross], exact: true },
  { name: 'windows alone', stages: [sliding], exact: true },
  // its chunks agree to rounding
  { name: 'gated retention', stages: [retention, cross], exact: false },
];

describe.each(systems)('$name', ({ stages, exact }) => {
  test('a prompt gives the same bits from the cache as cold: again, longer, cut, branched and gone on from', async () => {
    await using cold = await createModel(stages, 0);
    await using warm = await createModel(stages, 4 * cacheBytes);
    const head = text(170, 1);
    const first = [...head, ...text(90, 2)];
    const answered = await run(cold, { prompt: first, maxTokens: 80 });
    const conversation = [...first, ...answered.tokens.map(({ id }) => id), ...text(20, 3)];
    const prompts = [
      first,
      first,
      conversation,
      [...head, ...text(75, 4)],
      [...head, ...text(80, 5)],
      first.slice(0, 200),
      head,
      first.slice(0, 7),
      conversation,
    ];
    const cached: number[] = [];
    for (const [index, prompt] of prompts.entries()) {
      const request = { prompt, maxTokens: index === 0 ? 80 : 12, logProbabilities: exact ? 3 : undefined };
      const { logProbabilities, ...rest } = request;
      const asked: GenerateRequest = logProbabilities === undefined ? rest : { ...rest, logProbabilities };
      const expected = await run(cold, asked);
      const got = await run(warm, asked);
      expect(got.tokens).toEqual(expected.tokens);
      expect(expected.usage.cachedTokens).toBe(0);
      cached.push(got.usage.cachedTokens);
    }
    expect(cached[0]).toBe(0);
    expect(cached[1]).toBe(first.length - 1);
    // at most the distance of two snapshots is lost
    const lost = stages[0] === wide ? 70 : stages[0] === full ? 1 : 64;
    expect(cached[2]).toBeGreaterThanOrEqual(conversation.length - 20 - lost);
    // the second one to branch off finds what the first had to compute
    expect(cached[4]).toBeGreaterThanOrEqual(170);
    expect(cached[8]).toBeGreaterThanOrEqual(conversation.length - lost);
  });

  test('many sequences at once, with a cache too small for them, give what each gives cold', async () => {
    await using cold = await createModel(stages, 0);
    await using warm = await createModel(stages, cacheBytes, 4);
    const heads = [text(130, 1), text(66, 2), text(64, 3)];
    const prompts = Array.from({ length: 36 }, (_, index) => [
      ...heads[index % 3]!.slice(0, index % 5 === 0 ? 40 : undefined),
      ...text(1 + ((7 * index) % 90), index % 4),
    ]);
    const expected: Result[] = [];
    for (const prompt of prompts) expected.push(await run(cold, { prompt, maxTokens: 30 }));
    const got = await Promise.all(prompts.map((prompt) => run(warm, { prompt, maxTokens: 30 })));
    expect(got.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
    const { cachedTokens, promptTokens, pages } = warm.stats();
    expect(cachedTokens).toBeGreaterThan(0);
    expect(cachedTokens).toBe(got.reduce((sum, { usage }) => sum + usage.cachedTokens, 0));
    expect(cachedTokens + promptTokens).toBe(prompts.reduce((sum, prompt) => sum + prompt.length, 0));
    expect(pages.inUse).toBe(0);
    expect(pages.kept).toBeLessThanOrEqual(pages.total);
  });

  test('takes the memory it says before, and refuses a cache that holds nothing', async () => {
    await using model = await createModel(stages, cacheBytes, 2);
    await using plain = await createModel(stages, 0, 2);
    for (const { cacheBytesReserved, stats } of [model, plain]) {
      // a device rounds buffers up
      const padding = stats().cacheBytesReserved - cacheBytesReserved;
      expect(padding >= 0 && padding < 1024).toBe(true);
    }
    expect(model.cacheBytesReserved).toBeLessThanOrEqual(plain.cacheBytesReserved + cacheBytes);
    await expect(createModel(stages, 100)).rejects.toThrow(RequestError);
    await expect(createModel(stages, Number.NaN)).rejects.toThrow('engine: prefixCacheBytes');
  });
});

test('log-probabilities of a prompt are complete, cached or not', async () => {
  await using model = await createModel([sliding, cross], cacheBytes);
  const prompt = text(150, 1);
  await run(model, { prompt, maxTokens: 2 });
  for await (const part of model.generate({ prompt, maxTokens: 0, promptLogProbabilities: 0 })) {
    if (part.type === 'prompt') expect(part.tokens.map(({ id }) => id)).toEqual(prompt);
    if (part.type === 'finish') expect(part.usage.cachedTokens).toBe(0);
  }
});

test('requests of other iteration counts have caches of their own', async () => {
  await using model = await createModel([sliding, cross], cacheBytes);
  const prompt = text(150, 1);
  await run(model, { prompt, maxTokens: 2 });
  const others: GenerateRequest = { prompt, maxTokens: 2, iterations: 3 };
  expect((await run(model, others)).usage.cachedTokens).toBe(0);
  expect((await run(model, others)).usage.cachedTokens).toBe(149);
});

test('caches of other iteration counts give their bytes back when they are not used, and answer as before', async () => {
  await using model = await createModel([sliding, cross], 2 ** 25, 2);
  const own = model.stats().cacheBytesReserved;
  const request: GenerateRequest = { prompt: text(70, 1), maxTokens: 3 };
  const { tokens } = await run(model, { ...request, iterations: 5 });
  for (let iterations = 1; iterations <= 6; iterations++) await run(model, { ...request, iterations });
  // several at once need more for a while; who leaves holds the caches until the slot is free
  const controller = new AbortController();
  const left = run(model, { prompt: text(70, 1), iterations: 7, signal: controller.signal });
  const [again] = await Promise.all([
    run(model, { ...request, iterations: 5 }),
    run(model, { ...request, iterations: 4 }),
    controller.abort(),
    left,
  ]);
  expect(again.tokens).toEqual(tokens);
  await run(model, { ...request, iterations: 1 });
  expect(model.stats().cacheBytesReserved).toBeLessThan(own + 2 ** 26);
});
