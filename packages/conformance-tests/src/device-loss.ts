/** What a program does whose device goes away while a model writes: it opens another, and goes on from the tokens that it has. */
import type { EngineLanguageModel } from '@yoco-u/engine';
import { DeviceLostError, type GenerateRequest, type LanguageModel } from '@yoco-u/spec';
import { expect } from 'vitest';

const prompt = Array.from('Once upon', (character) => character.charCodeAt(0));
const maxTokens = 48;
/** Tokens that are read before the device goes away. */
const seenBefore = 5;

const greedy = (ids: readonly number[], most: number): GenerateRequest => ({
  prompt: ids,
  maxTokens: most,
  sampling: { temperature: 0 },
  ignoreEos: true,
});

/** Calls `onToken` for each token; what fails is thrown. */
async function generate(
  model: LanguageModel,
  request: GenerateRequest,
  onToken: (id: number) => unknown,
): Promise<void> {
  for await (const part of model.generate(request)) if (part.type === 'token') await onToken(part.id);
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/**
 * A model of `create` writes, and `lose` takes its device away: every request under way, waiting or new fails with
 * `DeviceLostError`, and a second model continues the text as if nothing had happened. Disposes both.
 */
export async function expectToOutliveDevice(
  create: () => Promise<EngineLanguageModel>,
  lose: () => Promise<void> | void,
): Promise<void> {
  const model = await create();
  const expected: number[] = [];
  await generate(model, greedy(prompt, maxTokens), (id) => expected.push(id));
  expect(expected).toHaveLength(maxTokens);

  const seen: number[] = [];
  const others: Promise<unknown>[] = [];
  const failure = await failureOf(
    generate(model, greedy(prompt, maxTokens), async (id) => {
      seen.push(id);
      if (seen.length !== seenBefore) return;
      // one runs beside it, two wait
      for (const turn of [1, 2, 3]) {
        others.push(failureOf(generate(model, greedy([turn, ...prompt], maxTokens), () => undefined)));
      }
      await lose();
    }),
  );
  expect(failure).toBeInstanceOf(DeviceLostError);
  for (const other of others) expect(await other).toBeInstanceOf(DeviceLostError);
  expect(seen.length).toBeLessThan(maxTokens);
  expect(await failureOf(generate(model, greedy(prompt, 1), () => undefined))).toBeInstanceOf(DeviceLostError);
  await expect(model.score(prompt, 1)).rejects.toBeInstanceOf(DeviceLostError);
  await model[Symbol.asyncDispose]();

  await using another = await create();
  await generate(another, greedy([...prompt, ...seen], maxTokens - seen.length), (id) => seen.push(id));
  expect(seen).toEqual(expected);
}
