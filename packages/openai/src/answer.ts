/** What answers of both endpoints have in common: chunks from events, and one piece from chunks. */
import type { PromptToken } from '@yoco-u/spec';
import { type Choice, runChoices } from './choices.ts';
import type { CompletionTimings, CompletionUsage } from './schemas/responses.ts';
import { type AnswerOptions, createAccount, type ServedModel } from './served-model.ts';

/** A chunk, whatever its choices look like. */
export interface Chunk<Kind extends string, Delta> {
  readonly id: string;
  readonly object: Kind;
  readonly created: number;
  readonly model: string;
  readonly choices: Delta[];
  readonly usage?: CompletionUsage | null | undefined;
  readonly timings?: CompletionTimings | undefined;
  readonly prompt_progress?: { readonly total: number; readonly processed: number } | undefined;
}

export type Reason = 'stop' | 'length';

/** How an endpoint writes what happens to a choice; undefined where there is nothing to tell. */
export interface Format<Delta> {
  begin(index: number, promptTokens: readonly PromptToken[]): Delta | undefined;
  continue(index: number, text: string, tokens: readonly PromptToken[]): Delta | undefined;
  end(index: number, reason: Reason): Delta;
}

export interface Answer<Kind extends string, Delta> {
  readonly object: Kind;
  /** n of each prompt, prompt by prompt. */
  readonly choices: readonly Choice[];
  readonly n: number;
  readonly format: Format<Delta>;
  /** A last chunk with usage and no choices; the others have `usage: null` then. */
  readonly includeUsage: boolean;
}

/** Chunks as they come; the last one of a choice has its finish reason, the last of those timings. */
export async function* streamAnswer<Kind extends string, Delta>(
  { name, model }: ServedModel,
  { object, choices, n, format, includeUsage }: Answer<Kind, Delta>,
  { id, created, signal }: AnswerOptions,
): AsyncGenerator<Chunk<Kind, Delta>> {
  const account = createAccount();
  const head = { id, object, created, model: name };
  const noUsage = includeUsage ? { usage: null } : {};
  let unfinished = choices.length;
  for await (const event of runChoices(model, choices, signal)) {
    const { index } = event;
    if (event.type === 'progress') {
      const { processed, total } = event;
      yield { ...head, choices: [], ...noUsage, prompt_progress: { total, processed } };
    } else if (event.type === 'finish') {
      account.add(event.part, index % n === 0);
      unfinished--;
      const delta = format.end(index, event.part.reason === 'length' ? 'length' : 'stop');
      yield { ...head, choices: [delta], ...noUsage, ...(unfinished === 0 ? { timings: account.timings() } : {}) };
    } else {
      const delta =
        event.type === 'start' ? format.begin(index, event.tokens) : format.continue(index, event.text, event.tokens);
      if (delta !== undefined) yield { ...head, choices: [delta], ...noUsage };
    }
  }
  if (includeUsage) yield { ...head, choices: [], usage: account.usage() };
}

/** A choice, all of it. */
export interface Collected<Logprobs> {
  readonly index: number;
  readonly text: string;
  readonly logprobs: Logprobs | null;
  readonly reason: Reason;
}

interface Delta<Logprobs> {
  readonly index: number;
  readonly logprobs: Logprobs | null;
  readonly finish_reason: Reason | null;
}

/** Everything that the chunks of an answer say. They must include usage. `join` may change its first argument. */
export async function collectAnswer<Logprobs, D extends Delta<Logprobs>>(
  chunks: AsyncIterable<Chunk<string, D>>,
  textOf: (delta: D) => string,
  join: (all: Logprobs, more: Logprobs) => Logprobs,
): Promise<{
  readonly choices: readonly Collected<Logprobs>[];
  readonly usage: CompletionUsage;
  readonly timings: CompletionTimings;
}> {
  const choices: Collected<Logprobs>[] = [];
  let usage: CompletionUsage | undefined;
  let timings: CompletionTimings | undefined;
  for await (const chunk of chunks) {
    for (const delta of chunk.choices) {
      const { index, logprobs, finish_reason } = delta;
      const known = choices[index] ?? { index, text: '', logprobs: null, reason: 'stop' };
      choices[index] = {
        index,
        text: known.text + textOf(delta),
        logprobs:
          known.logprobs === null || logprobs === null ? (known.logprobs ?? logprobs) : join(known.logprobs, logprobs),
        reason: finish_reason ?? known.reason,
      };
    }
    usage = chunk.usage ?? usage;
    timings = chunk.timings ?? timings;
  }
  return { choices, usage: usage!, timings: timings! };
}
