/** The choices of a request, generated together. */
import type { FinishPart, GenerateRequest, LanguageModel, PromptToken, TokenPart } from '@yoco-u/spec';
import { ApiError } from './api-error.ts';
import { gather } from './gather.ts';

/** One choice: what to generate, and what to tell of it. */
export interface Choice {
  readonly request: GenerateRequest;
  /** Tell how far the prompt has been read. */
  readonly progress: boolean;
}

export type ChoiceEvent =
  /** The model has begun; with the prompt's tokens where asked for. */
  | { readonly type: 'start'; readonly tokens: readonly PromptToken[] }
  | { readonly type: 'progress'; readonly processed: number; readonly total: number }
  /** Text, and the tokens since the last delta; either may be empty, not both. */
  | { readonly type: 'delta'; readonly text: string; readonly tokens: readonly TokenPart[] }
  | { readonly type: 'finish'; readonly part: FinishPart };

export type IndexedEvent = ChoiceEvent & { readonly index: number };

/**
 * Events of all choices as they come: progress, one start, deltas and one finish each. Throws what the model throws, the signal's
 * reason when it aborts, and `ApiError` (503) when the model ends early of its own accord. Leaving the stream ends all choices.
 */
export function runChoices(
  model: LanguageModel,
  choices: readonly Choice[],
  signal?: AbortSignal,
): AsyncGenerator<IndexedEvent> {
  return gather(
    choices.map((choice, index) => async (push, ended) => {
      const signals = signal === undefined ? ended : AbortSignal.any([signal, ended]);
      for await (const event of runChoice(model, choice, signals, push, index)) push({ ...event, index });
      signal?.throwIfAborted();
    }),
  );
}

async function* runChoice(
  model: LanguageModel,
  { request, progress }: Choice,
  signal: AbortSignal,
  push: (event: IndexedEvent) => void,
  index: number,
): AsyncGenerator<ChoiceEvent> {
  let started = false;
  const tokens: TokenPart[] = [];
  const take = (): TokenPart[] => tokens.splice(0);
  const tell = (processed: number, total: number): void => push({ type: 'progress', index, processed, total });
  const parts = model.generate({ ...request, signal, ...(progress ? { onPrefill: tell } : {}) });
  for await (const part of parts) {
    if (part.type === 'finish' && part.reason === 'abort') {
      signal.throwIfAborted();
      throw new ApiError({ status: 503, code: 'aborted', message: 'generation was ended by the server' });
    }
    if (!started) yield { type: 'start', tokens: part.type === 'prompt' ? part.tokens : [] };
    started = true;
    if (part.type === 'token') tokens.push(part);
    else if (part.type === 'text') yield { type: 'delta', text: part.text, tokens: take() };
    else if (part.type === 'finish') {
      if (tokens.length > 0) yield { type: 'delta', text: '', tokens: take() };
      yield { type: 'finish', part };
    }
  }
}
