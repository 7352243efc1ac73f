/** What a scheduler runs: work of one sequence, in pieces that others can come between. */
import type { AskingRow, RowResult } from './row-results.ts';
import type { Runtime } from './runtime.ts';

/** A sequence whose prompt is fed, and that goes on token by token. */
export interface Decoding extends AskingRow {
  readonly slot: number;
  /** The id to feed next. */
  readonly id: number;
  /** Its position: how many tokens were fed before it. */
  readonly position: number;
  /** Takes what came of feeding it, which is not kept. False once the sequence has ended. */
  accept(result: RowResult): boolean;
}

/** What is left to do after a chunk: more chunks, nothing, or token by token. */
export type NextStep = 'feed' | 'done' | Decoding;

/** How far a task is. */
export interface Progress {
  readonly kind: 'generate' | 'score' | 'save' | 'load';
  readonly promptTokens: number;
  /** Tokens whose state is in the caches. */
  readonly fedTokens: number;
  readonly completionTokens: number;
}

export interface Task {
  readonly runtime: Runtime;
  /** A higher one starts first. */
  readonly priority: number;
  /** Tokens still to feed in chunks. */
  readonly remaining: number;
  readonly progress: Progress;
  /** True once the result is not wanted any more. */
  readonly aborted: boolean;
  /** The slot is the task's own from now on, until it has ended in whatever way. */
  begin(slot: number): void;
  /** Feeds the next chunk; a shorter one where others wait for it. */
  feed(shared: boolean): Promise<NextStep>;
  /** Told that it has ended because it was aborted. */
  abort(): void;
  /** Told that it has ended because of an error. */
  fail(error: unknown): void;
}
