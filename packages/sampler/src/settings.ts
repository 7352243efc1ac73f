/** Sampling settings as users and requests state them, made into a sampler. */
import { type LogitProcessor, RequestError, type SamplingSettings as RequestSettings } from '@yoco-u/spec';
import { checkBias, logitBias } from './logit-bias.ts';
import { minP } from './min-p.ts';
import { occurrencePenalty } from './occurrence-penalty.ts';
import { repetitionPenalty } from './repetition-penalty.ts';
import { type NumberRange, requireNumber } from './require-number.ts';
import { createSampler, type SeededSampler } from './sampler.ts';
import { temperature } from './temperature.ts';
import { topK } from './top-k.ts';
import { topP } from './top-p.ts';

/** All optional; what is left out has no effect. */
export interface SamplingSettings extends RequestSettings {
  /** How many of the latest ids the repetition penalty looks at; 0, the default, is the whole context. */
  readonly repetitionLastN?: number;
}

const count: NumberRange = { minimum: 0, integer: true };

const penalty: NumberRange = { fix: 'use 0 for no penalty' };

const ranges: Readonly<Record<Exclude<keyof SamplingSettings, 'logitBias'>, NumberRange>> = {
  temperature: { minimum: 0, fix: 'use 0 for greedy decoding, or values around 0.7 to 1' },
  topK: { ...count, fix: 'use 0 to keep all tokens' },
  topP: { minimum: 0, maximum: 1, fix: 'use 1 to keep all tokens' },
  minP: { minimum: 0, maximum: 1, fix: 'use 0 to keep all tokens' },
  repetitionPenalty: { above: 0, fix: 'use 1 for no penalty' },
  repetitionLastN: { ...count, fix: 'use 0 for the whole context' },
  frequencyPenalty: penalty,
  presencePenalty: penalty,
  seed: { ...count, maximum: Number.MAX_SAFE_INTEGER, fix: 'leave it out for a random seed' },
};

/** Throws `RequestError`, naming field, range and fix, unless every setting is known and in range. */
export function checkSettings(settings: SamplingSettings): void {
  const { logitBias: bias, ...numbers } = settings;
  if (bias !== undefined) checkBias(bias);
  for (const [field, value] of Object.entries(numbers)) {
    if (!Object.hasOwn(ranges, field)) {
      throw new RequestError({
        where: 'sampling settings',
        expected: `only ${[...Object.keys(ranges), 'logitBias'].join(', ')}`,
        got: JSON.stringify(field),
        fix: 'correct its spelling or remove it',
      });
    }
    if (value !== undefined) requireNumber('sampling settings', field, value, ranges[field as keyof typeof ranges]);
  }
}

/**
 * The default chain, in llama.cpp's order: bias, penalties, top-k, top-p, min-p, temperature last, so that truncation judges the
 * model's own probabilities. Top-p measures its mass among what top-k left. Throws `RequestError` for bad settings.
 */
export function defaultProcessors(settings: SamplingSettings): LogitProcessor[] {
  checkSettings(settings);
  const chain: LogitProcessor[] = [];
  const bias = settings.logitBias ?? {};
  if (Object.keys(bias).length > 0) chain.push(logitBias(bias));
  const repetition = settings.repetitionPenalty ?? 1;
  const lastN = settings.repetitionLastN ?? 0;
  if (repetition !== 1) chain.push(repetitionPenalty(repetition, lastN === 0 ? {} : { lastN }));
  const frequency = settings.frequencyPenalty ?? 0;
  const presence = settings.presencePenalty ?? 0;
  if (frequency !== 0 || presence !== 0) chain.push(occurrencePenalty({ frequency, presence }));
  if (settings.temperature === 0) return chain;
  if ((settings.topK ?? 0) > 0) chain.push(topK(settings.topK ?? 0));
  if ((settings.topP ?? 1) < 1) chain.push(topP(settings.topP ?? 1));
  if ((settings.minP ?? 0) > 0) chain.push(minP(settings.minP ?? 0));
  if ((settings.temperature ?? 1) !== 1) chain.push(temperature(settings.temperature ?? 1));
  return chain;
}

/** A sampler with the default chain; greedy at temperature 0. Throws `RequestError` for bad settings. */
export function samplerFromSettings(settings: SamplingSettings = {}): SeededSampler {
  return createSampler({
    processors: defaultProcessors(settings),
    greedy: settings.temperature === 0,
    ...(settings.seed === undefined ? {} : { seed: settings.seed }),
  });
}
