/** What requests run on, and what all endpoints take from a request. */
import type { FinishPart, GenerateRequest, LanguageModel, SamplingSettings } from '@yoco-u/spec';
import type { ChatTemplate } from './chat-template.ts';
import type { CompletionRequest } from './schemas/completion-request.ts';
import { largestSeed } from './schemas/fields.ts';
import type { CompletionTimings, CompletionUsage } from './schemas/responses.ts';

export interface ServedModel {
  /** What clients call it; answers repeat it. */
  readonly name: string;
  readonly model: LanguageModel;
  /** How messages become a prompt. Without one their texts follow each other, with blank lines between. */
  readonly chatTemplate?: ChatTemplate;
}

export interface AnswerOptions {
  /** Of the answer: `cmpl-…`. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Ends everything that runs for the request. */
  readonly signal?: AbortSignal;
}

/** The fields of both endpoints that say how to generate. */
export type GenerationFields = Omit<CompletionRequest, 'prompt' | 'max_tokens' | 'logprobs' | 'echo'>;

/** The request for one choice of a prompt; choice 0 uses the seed itself, so that it is the text of n = 1. */
export function generateRequest(prompt: readonly number[], request: GenerationFields, seed: number): GenerateRequest {
  const sampling: SamplingSettings = present({
    temperature: request.temperature ?? 1,
    topP: request.top_p,
    topK: request.top_k === -1 ? undefined : request.top_k,
    minP: request.min_p,
    repetitionPenalty: request.repetition_penalty,
    frequencyPenalty: request.frequency_penalty,
    presencePenalty: request.presence_penalty,
    logitBias: request.logit_bias,
    seed,
  });
  return {
    prompt,
    sampling,
    ...present({
      stop: typeof request.stop === 'string' ? [request.stop] : request.stop,
      ignoreEos: request.ignore_eos,
      priority: request.priority == null ? undefined : -request.priority,
    }),
  };
}

type Present<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

/** The fields that are neither null nor undefined. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as Present<T>;
}

/**
 * The seed of a choice: the first has the request's own, others are drawn from it (SplitMix64), so that neither neighbouring seeds nor
 * choices share a stream.
 */
export function choiceSeed(seed: number, choice: number): number {
  if (choice === 0) return seed;
  const mask = (1n << 64n) - 1n;
  let bits = (BigInt(seed) + BigInt(choice) * 0x9e3779b97f4a7c15n) & mask;
  bits = ((bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  bits = ((bits ^ (bits >> 27n)) * 0x94d049bb133111ebn) & mask;
  return Number((bits ^ (bits >> 31n)) & BigInt(largestSeed));
}

/** A seed for a request that names none. */
export function randomSeed(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high! & 0x1fffff) * 2 ** 32 + low!;
}

/** What a request cost: a prompt counts once, however many choices continue it. */
export interface Account {
  add(finish: FinishPart, isFirstOfPrompt: boolean): void;
  usage(): CompletionUsage;
  timings(): CompletionTimings;
}

export function createAccount(): Account {
  let prompt = 0;
  let completion = 0;
  let cached = 0;
  let read = 0;
  let promptMs = 0;
  let predictedMs = 0;
  return {
    add({ usage, timings }, isFirstOfPrompt) {
      completion += usage.completionTokens;
      read += usage.promptTokens - usage.cachedTokens;
      promptMs = Math.max(promptMs, timings.prefillMs);
      predictedMs = Math.max(predictedMs, timings.decodeMs);
      if (!isFirstOfPrompt) return;
      prompt += usage.promptTokens;
      cached += usage.cachedTokens;
    },
    usage: () => ({
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      prompt_tokens_details: { cached_tokens: cached },
    }),
    timings: () => ({
      prompt_n: read,
      cache_n: cached,
      prompt_ms: promptMs,
      prompt_per_second: rate(read, promptMs),
      predicted_n: completion,
      predicted_ms: predictedMs,
      predicted_per_second: rate(completion, predictedMs),
    }),
  };
}

function rate(tokens: number, milliseconds: number): number {
  return milliseconds > 0 ? (1000 * tokens) / milliseconds : 0;
}
