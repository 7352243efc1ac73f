/** What the model does with a text, asked for again when text, model or place change. */
import { type AttentionPlace, type LoopInspection, mostInspectedTokens, scoreText } from '@yoco-u/engine';
import type { WorkerModel } from '@yoco-u/yoco-u/worker';
import { promptIds } from '../token-text.ts';

/** Rounds that are looked at, and depths that are compared. */
export const rounds = 5;
/** Tokens that a person can look at. */
export const mostShown = Math.min(96, mostInspectedTokens);
/** Milliseconds of rest before the model is asked: texts are typed. */
const rest = 250;

export interface Look {
  readonly ids: readonly number[];
  readonly inspection: LoopInspection;
  /** The head that its attention is of. */
  readonly place: AttentionPlace;
}

export interface Lens {
  readonly look: Look | undefined;
  /** Bits per byte at 1, 2, … iterations, as far as known. */
  readonly losses: readonly number[];
  readonly problem: string | undefined;
}

/** To be called while a component starts. */
export function createLens(loaded: () => WorkerModel, text: () => string, place: () => AttentionPlace): Lens {
  let look = $state.raw<Look>();
  let losses = $state.raw<readonly number[]>([]);
  let problem = $state<string>();

  const after = (ask: (signal: AbortSignal) => Promise<void>): (() => void) => {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(async () => {
      try {
        await ask(signal);
        if (!signal.aborted) problem = undefined;
      } catch (error) {
        if (!signal.aborted) problem = error instanceof Error ? error.message : String(error);
      }
    }, rest);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  };

  $effect(() => {
    const model = loaded();
    const ids = promptIds(model.model, text()).slice(0, mostShown);
    const attention = place();
    if (ids.length === 0) return;
    return after(async (signal) => {
      const inspection = await model.inspectLoop(ids, { iterations: rounds, alternatives: 5, attention });
      if (!signal.aborted) look = { ids, inspection, place: attention };
    });
  });
  $effect(() => {
    const { model } = loaded();
    const judged = text();
    if (model.tokenizer.encode(judged).length === 0) return;
    return after(async (signal) => {
      const found: number[] = [];
      for (let iterations = 1; iterations <= rounds; iterations++) {
        found.push((await scoreText(model, judged, { iterations, signal })).bitsPerByte);
        if (signal.aborted) return;
        losses = found.slice();
      }
    });
  });
  return {
    get look() {
      return look;
    },
    get losses() {
      return losses;
    },
    get problem() {
      return problem;
    },
  };
}
