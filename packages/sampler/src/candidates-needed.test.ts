import type { BestLogits, LogitProcessor } from '@yoco-u/spec';
import { BackendError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { logitBias } from './logit-bias.ts';
import { occurrencePenalty } from './occurrence-penalty.ts';
import { createSampler } from './sampler.ts';
import { type SamplingSettings, samplerFromSettings } from './settings.ts';
import { temperature } from './temperature.ts';
import { emptyContext, randomLogits, ranked } from './testing.ts';
import { topK } from './top-k.ts';
import { topP } from './top-p.ts';

const vocabularySize = 211;

function bestOf(logits: Float32Array, count: number): BestLogits {
  const best = ranked(logits).slice(0, count);
  return { pairs: Float32Array.from(best.flatMap(({ logit, id }) => [logit, id])), vocabularySize: logits.length };
}

describe('how many candidates a chain needs', () => {
  const needed = (settings: SamplingSettings) => samplerFromSettings(settings).candidatesNeeded(vocabularySize);

  test.each<[SamplingSettings, number]>([
    [{ temperature: 0 }, 1],
    [{ temperature: 0, topK: 7, topP: 0.5 }, 1],
    [{ topK: 7 }, 7],
    [{ topK: 40, topP: 0.9, minP: 0.1, temperature: 0.7 }, 40],
    [{ topK: 500 }, vocabularySize],
    [{}, vocabularySize],
    [{ temperature: 0.5 }, vocabularySize],
    [{ topP: 0.9 }, vocabularySize],
    [{ minP: 0.1 }, vocabularySize],
    [{ temperature: 0, repetitionPenalty: 1.1 }, vocabularySize],
    [{ topK: 7, frequencyPenalty: 0.5 }, vocabularySize],
    [{ topK: 7, logitBias: { 3: -1 } }, vocabularySize],
  ])('%o: %i', (settings, count) => {
    expect(needed(settings)).toBe(count);
  });

  test('only a cut at the head of the chain counts', () => {
    const neededBy = (...processors: LogitProcessor[]) =>
      createSampler({ processors }).candidatesNeeded(vocabularySize);
    expect(neededBy(topK(3), temperature(0.5))).toBe(3);
    expect(neededBy(temperature(0))).toBe(1);
    expect(neededBy(temperature(0.5), topK(3))).toBe(vocabularySize);
    expect(neededBy(topP(0.5), topK(3))).toBe(vocabularySize);
  });
});

describe('the best candidates alone give the same', () => {
  test.each<[SamplingSettings, number]>([
    [{ temperature: 0 }, 1],
    [{ topK: 20 }, 20],
    [{ topK: 1 }, 1],
    [{ topK: 64, topP: 0.9, temperature: 1.5 }, 64],
    [{ topK: 40, topP: 0.8, minP: 0.05, temperature: 0.7 }, 40],
  ])('%o', (settings, count) => {
    const [whole, cut] = [samplerFromSettings({ ...settings, seed: 3 }), samplerFromSettings({ ...settings, seed: 3 })];
    for (let step = 0; step < 300; step++) {
      // every other row has many equal logits
      const row = randomLogits(vocabularySize, step, 1).map((logit) => (step % 2 === 0 ? logit : Math.round(logit)));
      expect(cut.sampleBest(bestOf(row, count), emptyContext)).toBe(whole.sample(row, emptyContext));
    }
  });

  test('a penalty behind the cut still counts any id of the context', () => {
    const sampler = () =>
      createSampler({
        processors: [topK(3), occurrencePenalty({ presence: 100 }), logitBias({ 200: 1 })],
        greedy: true,
      });
    const row = randomLogits(vocabularySize, 8);
    const [first, second] = ranked(row).map(({ id }) => id);
    const context = { ids: [first!, 210], promptLength: 0 };
    expect(sampler().sampleBest(bestOf(row, 3), context)).toBe(second);
    expect(sampler().sample(row, context)).toBe(second);
  });

  test.each([
    ['NaN', [Number.NaN, 5, 1, 2], 'logits[5]'],
    ['+Infinity', [Number.POSITIVE_INFINITY, 9], 'logits[9]'],
    ['only -Infinity', [Number.NEGATIVE_INFINITY, 0], '211 times -Infinity'],
  ])('%s is a BackendError', (_name, pairs, message) => {
    const sample = () =>
      createSampler({ greedy: true }).sampleBest({ pairs: Float32Array.from(pairs), vocabularySize }, emptyContext);
    expect(sample).toThrow(BackendError);
    expect(sample).toThrow(message);
  });
});
