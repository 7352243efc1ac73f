/** One text that a model writes, as it grows. */
import type { AlternativeToken, Choice, FinishReason, LanguageModel, SamplingSettings, TokenPart } from '@yoco-u/spec';
import { YocoError } from '@yoco-u/spec';
import { type Paragraph, paragraphsOf } from './paragraphs.ts';
import { turnToDraw } from './turns.ts';

export interface Piece {
  readonly id: number;
  readonly text: string;
  /** ln p of it, as the model has it. */
  readonly logProbability?: number;
  /** The likeliest ids in its place. */
  readonly alternatives?: readonly AlternativeToken[];
  /** What it was drawn from, after the sampling settings. */
  readonly choices?: readonly Choice[];
}

export type ContinuationStatus = 'waiting' | 'writing' | 'ended' | 'failed';

export interface ContinuationRequest {
  readonly iterations: number;
  /** The prompt as it reads, and its ids. */
  readonly prompt: string;
  readonly promptIds: readonly number[];
  /** What is written already: the part that a branch shares with its parent, and the token chosen instead. */
  readonly kept?: readonly Piece[];
  readonly maxTokens: number;
  readonly sampling: SamplingSettings;
  readonly signal: AbortSignal;
}

export interface Continuation {
  readonly request: ContinuationRequest;
  readonly iterations: number;
  readonly status: ContinuationStatus;
  /** Tokens with the text that became complete with each. */
  readonly pieces: readonly Piece[];
  readonly paragraphs: readonly Paragraph[];
  readonly reason: FinishReason | undefined;
  readonly firstTokenMs: number | undefined;
  readonly tokensPerSecond: number | undefined;
  readonly error: string | undefined;
  readonly done: Promise<void>;
}

/** The model of now, and what to do once it is lost. */
export interface ModelSource {
  model(): LanguageModel;
  /** Gets a model to go on with after its device or worker was lost; false where there is none. */
  recover(error: unknown, lost: LanguageModel): Promise<boolean>;
}

/** How many alternatives come with each token. */
export const shownChoices = 10;

/** Ids of a text so far. */
export function idsOf({ request, pieces }: Pick<Continuation, 'request' | 'pieces'>): number[] {
  return [...request.promptIds, ...pieces.map(({ id }) => id)];
}

/** Starts to write. What arrived meanwhile is shown at once, when it is the text's turn. A lost device interrupts the text at most. */
export function startContinuation(source: ModelSource, request: ContinuationRequest): Continuation {
  const arrived: Piece[] = [...(request.kept ?? [])];
  const keptLength = arrived.length;
  let status = $state<ContinuationStatus>('waiting');
  let pieces = $state.raw<readonly Piece[]>(arrived.slice());
  let paragraphs = $state.raw(paragraphsOf(arrived));
  let reason = $state<FinishReason>();
  let firstTokenMs = $state<number>();
  let tokensPerSecond = $state<number>();
  let error = $state<string>();
  let turn: Promise<void> | undefined;
  const began = performance.now();

  const show = (): void => {
    turn = undefined;
    pieces = arrived.slice();
    paragraphs = paragraphsOf(pieces, paragraphs);
    const written = arrived.length - keptLength;
    // once it is finished the engine has told
    if (written > 1 && reason === undefined)
      tokensPerSecond = (1000 * (written - 1)) / (performance.now() - began - firstTokenMs!);
  };
  const showInTurn = (): Promise<void> => {
    turn ??= turnToDraw().then(show);
    return turn;
  };
  const add = ({ type: _, ...token }: TokenPart): void => {
    firstTokenMs ??= performance.now() - began;
    arrived.push({ ...token, text: '' });
  };
  const write = async (model: LanguageModel): Promise<void> => {
    const parts = model.generate({
      prompt: idsOf({ request, pieces: arrived }),
      maxTokens: request.maxTokens - (arrived.length - keptLength),
      sampling: request.sampling,
      iterations: request.iterations,
      signal: request.signal,
      logProbabilities: shownChoices,
      choices: shownChoices,
    });
    for await (const part of parts) {
      if (part.type === 'token') add(part);
      else if (part.type === 'text') {
        const last = arrived.pop();
        if (last !== undefined) arrived.push({ ...last, text: last.text + part.text });
      } else if (part.type === 'finish') {
        reason = part.reason;
        tokensPerSecond = part.timings.decodeTokensPerSecond;
      }
      if (status === 'waiting') status = 'writing';
      void showInTurn();
    }
  };
  const run = async (): Promise<void> => {
    for (;;) {
      const model = source.model();
      let problem: string | undefined;
      try {
        await write(model);
      } catch (thrown) {
        // the model was exchanged for another: what is written stays
        const exchanged = YocoError.isInstance(thrown) && thrown.code === 'disposed';
        if (exchanged || request.signal.aborted) reason = 'abort';
        else if (await source.recover(thrown, model)) continue;
        else problem = thrown instanceof Error ? thrown.message : String(thrown);
      }
      await showInTurn();
      error = problem;
      status = problem === undefined ? 'ended' : 'failed';
      return;
    }
  };

  return {
    request,
    iterations: request.iterations,
    done: run(),
    get status() {
      return status;
    },
    get pieces() {
      return pieces;
    },
    get paragraphs() {
      return paragraphs;
    },
    get reason() {
      return reason;
    },
    get firstTokenMs() {
      return firstTokenMs;
    },
    get tokensPerSecond() {
      return tokensPerSecond;
    },
    get error() {
      return error;
    },
  };
}
