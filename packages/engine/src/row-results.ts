/** What is read of a run's rows: all logits, or only the best where these decide. Views are kept, so that a step makes no garbage. */
import type { ForwardOptions, ModelConfig } from '@yoco-u/model';
import type { BestLogits, Sampler } from '@yoco-u/spec';
import { mostTopK } from '@yoco-u/tensor';
import type { Runner } from './runner.ts';

/** What is asked of a row: its logits, or so many of the best among the ids that can be chosen. */
export type RowRequest = 'logits' | number;

/** What came of a row: logits [V], or as many of the best as were asked for. */
export type RowResult = { readonly logits: Float32Array } | { readonly best: BestLogits };

/** A row of a run, for lists of them. */
export interface AskingRow {
  readonly asks: RowRequest;
}

/** What a sampler needs to choose among the ids below `choices`. */
export function requestOf(sampler: Sampler, choices: number): RowRequest {
  const needed = sampler.candidatesNeeded(choices);
  // all of them come as logits: in the order of their ids, as the chain expects them
  return needed < choices && needed <= mostTopK ? needed : 'logits';
}

/** The picking of the best that a program needs for such requests. */
export function bestOf(choices: number): NonNullable<ForwardOptions['best']> {
  return { k: Math.min(mostTopK, choices), among: choices };
}

/** How many of the best a run must pick for all rows. */
export function mostAsked(rows: readonly AskingRow[]): number {
  let most = 0;
  for (const { asks } of rows) if (asks !== 'logits' && asks > most) most = asks;
  return most;
}

export interface RowResults {
  /** Reads from the runner's last run what its rows ask for. */
  read(runner: Runner, rows: readonly AskingRow[]): Promise<void>;
  /** Of the row at `index`; overwritten by the next reading. */
  of(index: number): RowResult;
}

/** For runs of at most `most` rows of programs with `bestOf(choices)`. */
export function createRowResults({ vocabularySize }: ModelConfig, choices: number, most: number): RowResults {
  const stride = 2 * bestOf(choices).k;
  const logits = createViews(most * vocabularySize);
  const pairs = createViews(most * stride);
  const resultOf = (row: number, asks: RowRequest): RowResult =>
    asks === 'logits'
      ? { logits: logits.array.subarray(row * vocabularySize, (row + 1) * vocabularySize) }
      : { best: { pairs: pairs.array.subarray(row * stride, row * stride + 2 * asks), vocabularySize: choices } };
  // a sequence asks for the same in every step
  const asked: RowRequest[] = [];
  const results: RowResult[] = [];
  return {
    async read(runner, asking) {
      const count = mostAsked(asking);
      let first = -1;
      let last = -1;
      for (let row = 0; row < asking.length; row++) {
        const { asks } = asking[row]!;
        if (asked[row] !== asks) results[row] = resultOf(row, asks);
        asked[row] = asks;
        if (asks !== 'logits') continue;
        if (first < 0) first = row;
        last = row;
      }
      const end = (asking.length - 1) * stride + 2 * count;
      await Promise.all([
        count > 0 ? runner.readBest(pairs.view(0, end)) : undefined,
        first >= 0 ? runner.read(logits.view(first * vocabularySize, (last + 1) * vocabularySize), first) : undefined,
      ]);
    },
    of: (index) => results[index]!,
  };
}

/** Memory, and the view of it that was wanted last. */
function createViews(length: number) {
  const array = new Float32Array(length);
  let view = array;
  return {
    array,
    view(start: number, end: number): Float32Array {
      if (view.byteOffset !== 4 * start || view.length !== end - start) view = array.subarray(start, end);
      return view;
    },
  };
}
