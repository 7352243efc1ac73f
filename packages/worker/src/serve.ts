/** The inside: answers the calls of a port with a model. */
import type { GeneratePart, LanguageModel } from '@yoco-u/spec';
import { toPlainError } from './plain-error.ts';
import { type FromWorker, type LoadResult, type ModelFacts, partsAhead, type ToWorker } from './protocol.ts';

/** A model to be served. Dispose frees all of it; it is called once. */
export interface ServedModel extends AsyncDisposable {
  readonly model: LanguageModel;
  /** The text of the tokenizer.json that `model.tokenizer` was made from. */
  readonly tokenizerJson: string;
  /** Anything else that the outside wants to know; must be structured-cloneable. */
  readonly details?: unknown;
  /** What the model is doing, asked for now and then; must be structured-cloneable. */
  stats?(): unknown;
  /**
   * Whatever else the model does: what `request` and the answer are is between the two sides. Both must be structured-cloneable. The
   * signal is aborted when the outside no longer waits.
   */
  inspect?(request: unknown, signal: AbortSignal): Promise<unknown>;
}

export interface LoadContext {
  /** Aborted when the outside no longer waits. */
  readonly signal: AbortSignal;
  /** Bytes loaded so far and in all. */
  readonly onProgress: (loaded: number, total: number) => void;
  /** Shaders compiled so far and in all. */
  readonly onCompile: (done: number, total: number) => void;
}

/** Makes the model that the outside asks for; what `request` is, is between the two. */
export type LoadServedModel = (request: unknown, context: LoadContext) => Promise<ServedModel>;

/** A call under way. */
interface OpenCall {
  readonly controller: AbortController;
  /** Parts that may be sent. */
  credits: number;
  left: boolean;
  /** Tells a generation that waits for credits. */
  wake(): void;
}

/** Serves one model to the other end of the port, until that disposes it. */
export function serveLanguageModel(port: MessagePort, load: LoadServedModel): void {
  const calls = new Map<number, OpenCall>();
  let served: ServedModel | undefined;
  const post = (message: FromWorker): void => port.postMessage(message);
  const progressOf =
    (call: number, kind: 'progress' | 'compile' = 'progress') =>
    (done: number, total: number) =>
      post({ call, kind, done, total });

  const loadModel = async (call: number, request: unknown, { signal }: AbortController): Promise<LoadResult> => {
    const loaded = await load(request, {
      signal,
      onProgress: progressOf(call),
      onCompile: progressOf(call, 'compile'),
    });
    try {
      signal.throwIfAborted();
    } catch (error) {
      await loaded[Symbol.asyncDispose]();
      throw error;
    }
    served = loaded;
    return { facts: factsOf(loaded.model), tokenizerJson: loaded.tokenizerJson, details: loaded.details };
  };

  const generate = async (call: number, parts: AsyncIterable<GeneratePart>, open: OpenCall): Promise<void> => {
    for await (const part of parts) {
      while (open.credits === 0 && !open.left) {
        await new Promise<void>((resolve) => {
          open.wake = resolve;
        });
      }
      if (open.left) return;
      open.credits--;
      post({ call, kind: 'part', part });
    }
  };

  const answer = async (message: ToWorker, open: OpenCall): Promise<unknown> => {
    const { call } = message;
    const { signal } = open.controller;
    if (message.kind === 'load') return loadModel(call, message.request, open.controller);
    if (message.kind === 'generate') {
      const onPrefill = message.progress ? { onPrefill: progressOf(call) } : {};
      return generate(call, served!.model.generate({ ...message.request, signal, ...onPrefill }), open);
    }
    if (message.kind === 'score') return served!.model.score(message.ids, message.from, { ...message.options, signal });
    if (message.kind === 'inspect') return served!.inspect?.(message.request, signal);
    if (message.kind === 'stats') return served!.stats?.();
    return served?.[Symbol.asyncDispose]();
  };

  const serve = async (message: ToWorker): Promise<void> => {
    const { call, kind } = message;
    const open: OpenCall = { controller: new AbortController(), credits: partsAhead, left: false, wake: () => {} };
    calls.set(call, open);
    try {
      post({ call, kind: 'result', value: await answer(message, open) });
    } catch (error) {
      post({ call, kind: 'error', error: toPlainError(error) });
    }
    calls.delete(call);
    if (kind === 'dispose') port.close();
  };

  port.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
    const { kind } = data;
    if (kind !== 'abort' && kind !== 'taken' && kind !== 'leave') return void serve(data);
    const open = calls.get(data.call);
    if (open === undefined) return;
    if (kind === 'taken') open.credits += data.parts;
    else open.controller.abort();
    if (kind === 'leave') open.left = true;
    open.wake();
  });
  port.start();
}

function factsOf({ specVersion, id, contextLength, vocabularySize, bosTokenId }: LanguageModel): ModelFacts {
  return { specVersion, id, contextLength, vocabularySize, bosTokenId };
}
