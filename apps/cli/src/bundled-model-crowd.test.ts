import { join } from 'node:path';
import type { EngineLanguageModel } from '@yoco-u/engine';
import type { GeneratePart, GenerateRequest } from '@yoco-u/spec';
import { loadModelFolder } from '@yoco-u/yoco-u/node';
import { expect, test } from 'vitest';

const prompts = [
  'Once upon a time',
  'Lily and Tom went to the park. They saw a big dog, and the dog ran to them. "Hello!" said Tom.',
  'The sun was hot. '.repeat(40),
  'A',
];

/** Seeded numbers in [0, 1), the same on every machine. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomRequest(random: () => number, index: number): GenerateRequest {
  const sampling = random() < 0.3 ? { temperature: 0 } : { temperature: 0.9, topP: 0.95, seed: index };
  return {
    prompt: prompts[Math.floor(random() * prompts.length)]!,
    maxTokens: 1 + Math.floor(random() * 40),
    sampling,
    ignoreEos: random() < 0.5,
    stop: random() < 0.3 ? ['. '] : [],
    priority: Math.floor(random() * 3),
    // other iteration counts run in programs and caches of their own
    ...(random() < 0.25 ? { iterations: 2 } : {}),
    // of every bit of the distribution
    logProbabilities: 4,
  };
}

type Shown = Exclude<GeneratePart, { type: 'finish' }>;

/** What came, but for times. */
async function collect(
  model: EngineLanguageModel,
  request: GenerateRequest,
  onToken = (_count: number): void => {},
): Promise<{ readonly parts: readonly Shown[]; readonly reason: string }> {
  const parts: Shown[] = [];
  let tokens = 0;
  for await (const part of model.generate(request)) {
    if (part.type === 'finish') return { parts, reason: part.reason };
    parts.push(part);
    if (part.type === 'token') onToken(++tokens);
  }
  throw new Error('no finish part');
}

test('40 requests that come and go, some aborted, give the bits that each gives alone', async () => {
  const folder = join(import.meta.dirname, '../model');
  const random = createRandom(3);
  const requests = Array.from({ length: 40 }, (_, index) => randomRequest(random, index));
  const abortAt = requests.map(() => (random() < 0.25 ? 1 + Math.floor(random() * 8) : undefined));

  await using single = await loadModelFolder(folder, { threads: 1 });
  const alone: Awaited<ReturnType<typeof collect>>[] = [];
  for (const request of requests) alone.push(await collect(single.model, request));

  await using shared = await loadModelFolder(folder, { threads: 2, sequences: 5, prefixCacheBytes: 2 ** 21 });
  const waiting = requests.map((_, index) => index);
  const running = new Set<Promise<void>>();
  let most = 0;
  const start = (): void => {
    const index = waiting.shift();
    if (index === undefined) return;
    const controller = new AbortController();
    const limit = abortAt[index];
    const request = { ...requests[index]!, signal: controller.signal };
    const done = collect(shared.model, request, (count) => {
      most = Math.max(most, shared.model.stats().running.length);
      if (count === limit) controller.abort();
      // others come in the middle, up to two at once
      if (random() < 0.2) start();
      if (random() < 0.1) start();
    }).then(({ parts, reason }) => {
      const whole = alone[index]!;
      if (reason === 'abort') {
        const tokens = parts.filter(({ type }) => type === 'token');
        expect(tokens.length).toBeLessThanOrEqual(limit! + 1);
        expect(tokens).toEqual(whole.parts.filter(({ type }) => type === 'token').slice(0, tokens.length));
      } else expect({ parts, reason }).toEqual(whole);
      running.delete(done);
      start();
    });
    running.add(done);
  };
  for (let first = 0; first < 7; first++) start();
  while (running.size > 0) await Promise.race(running);
  expect(most).toBe(5);
  const { finished, failed, running: left, waiting: queued, pages, cachedTokens } = shared.model.stats();
  expect(finished.stop + finished.length + finished.abort).toBe(40);
  expect([failed, left.length, queued, pages.inUse]).toEqual([0, 0, 0, 0]);
  expect(cachedTokens).toBeGreaterThan(100);
});
