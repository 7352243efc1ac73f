/** What apps program against: a model that continues and scores text. */
import type { Tokenizer } from './tokenizer.ts';

/** How to choose tokens. Absent fields are off. */
export interface SamplingSettings {
  /** At least 0; 0 is greedy. 1 by default. */
  readonly temperature?: number;
  /** How many of the best tokens stay; 0, the default, keeps all. */
  readonly topK?: number;
  /** Probability mass that stays, 0 to 1. 1 by default. */
  readonly topP?: number;
  /** Least probability relative to the best token, 0 to 1. 0 by default. */
  readonly minP?: number;
  /** Above 0; above 1 discourages repetition, the prompt's tokens included. 1 by default. */
  readonly repetitionPenalty?: number;
  /** Taken off an id's logit for each time it was generated; OpenAI's. The prompt does not count. 0 by default. */
  readonly frequencyPenalty?: number;
  /** Taken off the logit of every id that was generated, however often; OpenAI's. The prompt does not count. 0 by default. */
  readonly presencePenalty?: number;
  /** Added to the logits of ids, before all other settings. Finite numbers. */
  readonly logitBias?: Readonly<Record<number, number>>;
  /** An integer from 0 to 2^53 - 1; random by default. */
  readonly seed?: number;
}

export interface GenerateRequest {
  /** Text (BOS is put in front where the model has one), or ids, taken as they are. */
  readonly prompt: string | ArrayLike<number>;
  /** Most tokens to generate. Default: what the context leaves. */
  readonly maxTokens?: number;
  readonly sampling?: SamplingSettings;
  /** Generation ends before the first of these strings; they are not part of the text. */
  readonly stop?: readonly string[];
  /** Go on past end-of-sequence ids. */
  readonly ignoreEos?: boolean;
  /**
   * How many alternatives (0 to 20) come with each token, besides its own log-probability. Absent: neither. They are of the
   * model's distribution, before any sampling setting.
   */
  readonly logProbabilities?: number;
  /** The same for the prompt's tokens, in a `prompt` part. */
  readonly promptLogProbabilities?: number;
  /**
   * How many of the ids that each token was drawn from (0 to 20) come with it. They are of the distribution after all sampling
   * settings.
   */
  readonly choices?: number;
  /** Among waiting requests a higher one starts first. Default 0; any finite number. */
  readonly priority?: number;
  /** Iterations of the first self stage, instead of the model's own. */
  readonly iterations?: number;
  /** Ends generation with reason `abort`, within one decode step or prefill chunk. */
  readonly signal?: AbortSignal;
  /** Called after each prefill chunk with prompt tokens done and in all. */
  readonly onPrefill?: (done: number, total: number) => void;
}

export type FinishReason = 'stop' | 'length' | 'abort';

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Prompt tokens whose state was at hand from an earlier request and not computed again. */
  readonly cachedTokens: number;
  /** Cache bytes of this sequence by the formula, for the tokens fed. */
  readonly cacheBytes: number;
}

/** Milliseconds, and tokens per second of each phase. */
export interface Timings {
  readonly prefillMs: number;
  readonly decodeMs: number;
  readonly firstTokenMs: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
}

export interface TextPart {
  readonly type: 'text';
  /** Complete characters only; stop strings are held back until they cannot match. Never empty. */
  readonly text: string;
}

/** An id that could have stood in a place, and ln p of it. */
export interface AlternativeToken {
  readonly id: number;
  readonly logProbability: number;
}

/** An id that could have been drawn, and how probable that was. */
export interface Choice {
  readonly id: number;
  readonly probability: number;
}

export interface TokenPart {
  readonly type: 'token';
  readonly id: number;
  /** ln p of the id given all before it, where the request asked for `logProbabilities`. */
  readonly logProbability?: number;
  /** The likeliest ids with ln p, likeliest first, as many as asked for; the chosen one may be among them. */
  readonly alternatives?: readonly AlternativeToken[];
  /** Likeliest first, as many as asked for or as the settings left; the drawn one may be among them. */
  readonly choices?: readonly Choice[];
}

/** One token of the prompt; the first has no log-probability and no alternatives, as nothing stands before it. */
export interface PromptToken {
  readonly id: number;
  readonly logProbability?: number;
  readonly alternatives?: readonly AlternativeToken[];
}

/** Only where the request asked for `promptLogProbabilities`. */
export interface PromptPart {
  readonly type: 'prompt';
  readonly tokens: readonly PromptToken[];
}

export interface FinishPart {
  readonly type: 'finish';
  readonly reason: FinishReason;
  readonly usage: Usage;
  readonly timings: Timings;
}

/** In the order: one prompt where asked for, tokens and texts, then one finish. */
export type GeneratePart = PromptPart | TokenPart | TextPart | FinishPart;

export interface ScoreOptions {
  readonly iterations?: number;
  readonly signal?: AbortSignal;
}

export interface LanguageModel extends AsyncDisposable {
  readonly specVersion: 1;
  readonly id: string;
  /** Most tokens a sequence may hold, prompt and completion together. */
  readonly contextLength: number;
  readonly vocabularySize: number;
  readonly bosTokenId: number | undefined;
  readonly tokenizer: Tokenizer;
  /**
   * Continues a prompt. Throws, at once or with the first part, `RequestError` for a request that cannot be served as given,
   * `CapacityError` for a prompt that the context does not hold, and `BusyError` when too many requests wait already.
   */
  generate(request: GenerateRequest): AsyncIterable<GeneratePart>;
  /**
   * −ln p of ids[from], ids[from + 1], … each given all ids before it; `from` ≥ 1. Float32 [ids.length − from]. Throws as `generate`;
   * aborting rejects with the signal's reason.
   */
  score(ids: ArrayLike<number>, from: number, options?: ScoreOptions): Promise<Float32Array>;
}
