/** One text that a model writes, as it grows. */
import type { FinishPart, GenerateRequest, LanguageModel } from '@yoco-u/spec';

export interface Piece {
  readonly id: number;
  text: string;
}

export type ContinuationStatus = 'waiting' | 'writing' | 'ended' | 'failed';

export interface Continuation {
  readonly iterations: number;
  readonly status: ContinuationStatus;
  /** Tokens with the text that became complete with each. */
  readonly pieces: readonly Piece[];
  readonly finish: FinishPart | undefined;
  readonly error: string | undefined;
}

/** Starts to write. What arrives between two frames is shown with the next one. */
export function startContinuation(
  model: LanguageModel,
  request: GenerateRequest & { iterations: number },
): Continuation & { readonly done: Promise<void> } {
  let status = $state<ContinuationStatus>('waiting');
  let pieces = $state.raw<readonly Piece[]>([]);
  let finish = $state.raw<FinishPart>();
  let error = $state<string>();
  const arrived: Piece[] = [];
  let frame: number | undefined;

  const show = (): void => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
    pieces = arrived.slice();
  };
  const write = async (): Promise<void> => {
    try {
      for await (const part of model.generate(request)) {
        if (part.type === 'token') arrived.push({ id: part.id, text: '' });
        else if (part.type === 'text') {
          if (arrived.length === 0) arrived.push({ id: -1, text: '' });
          const last = arrived.at(-1)!;
          arrived[arrived.length - 1] = { id: last.id, text: last.text + part.text };
        } else if (part.type === 'finish') finish = part;
        if (status === 'waiting') status = 'writing';
        frame ??= requestAnimationFrame(show);
      }
      status = 'ended';
    } catch (reason) {
      error = reason instanceof Error ? reason.message : String(reason);
      status = 'failed';
    }
    show();
  };
  const done = write();

  return {
    iterations: request.iterations,
    done,
    get status() {
      return status;
    },
    get pieces() {
      return pieces;
    },
    get finish() {
      return finish;
    },
    get error() {
      return error;
    },
  };
}
