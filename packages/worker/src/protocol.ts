/**
 * What the two sides say to each other. Everything is a call with a number: the outside opens it, the worker ends it with one
 * `result` or `error`. All messages are structured-cloneable.
 */
import type { GeneratePart, GenerateRequest, LanguageModel, ScoreOptions } from '@yoco-u/spec';
import type { PlainError } from './plain-error.ts';

/** Parts that a generation may be ahead of its reader. */
export const partsAhead = 32;

/** The fields of a model that are data: a field that `LanguageModel` gains must be passed on here, or this is a type error. */
export type ModelFacts = Omit<LanguageModel, 'tokenizer' | 'generate' | 'score' | typeof Symbol.asyncDispose>;

/** What `load` answers. */
export interface LoadResult {
  readonly facts: ModelFacts;
  /** The text of a tokenizer.json: encoding is synchronous, so both sides have a tokenizer. */
  readonly tokenizerJson: string;
  readonly details: unknown;
}

/** Requests without what cannot be cloned; signals and callbacks are messages of their own. */
export type PlainGenerateRequest = Omit<GenerateRequest, 'signal' | 'onPrefill'>;
export type PlainScoreOptions = Omit<ScoreOptions, 'signal'>;

export type Request =
  | { readonly kind: 'load'; readonly request: unknown }
  | { readonly kind: 'generate'; readonly request: PlainGenerateRequest; readonly progress: boolean }
  | {
      readonly kind: 'score';
      readonly ids: readonly number[];
      readonly from: number;
      readonly options: PlainScoreOptions;
    }
  | { readonly kind: 'inspect'; readonly request: unknown }
  | { readonly kind: 'stats' }
  | { readonly kind: 'dispose' };

export type ToWorker = { readonly call: number } & (
  | Request
  | { readonly kind: 'abort' }
  /** The reader took this many parts. */
  | { readonly kind: 'taken'; readonly parts: number }
  /** Nobody reads on: end the generation and free its place. */
  | { readonly kind: 'leave' }
);

export type FromWorker = { readonly call: number } & (
  | { readonly kind: 'progress' | 'compile'; readonly done: number; readonly total: number }
  | { readonly kind: 'part'; readonly part: GeneratePart }
  | { readonly kind: 'result'; readonly value?: unknown }
  | { readonly kind: 'error'; readonly error: PlainError }
);

/** Sent to a worker as its first message, with the port in it. */
export interface StartMessage {
  readonly kind: 'yoco-u.port';
  readonly port: MessagePort;
  /**
   * A lock that a Web Worker holds as long as it lives, and says `lockHeld` once it does: browsers tell nobody that a worker
   * ended, but they free its locks.
   */
  readonly lock?: string;
}

export const lockHeld = 'yoco-u.lock-held';
