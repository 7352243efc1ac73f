/** The models that this browser keeps, and the one that is being taken in. */
import type { StoredModel } from '@yoco-u/checkpoint';
import type { Answers, FromLibrary, ModelSource, Request, TakenModel, ToLibrary } from './protocol.ts';

export interface Library {
  readonly models: readonly StoredModel[];
  /** Bytes so far and in all, while a model is taken in. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
  /** Why the last one could not be taken in, or what is kept not be listed. */
  readonly problem: string | undefined;
  /** The files of a model, all there and checked; undefined if that failed or was cancelled. */
  take(source: ModelSource, keep: boolean): Promise<TakenModel | undefined>;
  cancel(): void;
  remove(id: string): Promise<void>;
}

interface Pending {
  resolve(value: never): void;
  reject(error: unknown): void;
}

/** What was called off rejects with it. */
class Cancelled extends Error {}

export function createLibrary(): Library {
  const worker = new Worker(new URL('./library-worker.ts', import.meta.url), {
    type: 'module',
    name: 'yoco-u-library',
  });
  const pending = new Map<number, Pending>();
  let calls = 0;
  let taking: number | undefined;
  let models = $state.raw<readonly StoredModel[]>([]);
  let progress = $state.raw<Library['progress']>();
  let problem = $state<string>();

  const send = (message: ToLibrary): void => worker.postMessage(message);
  const ask = <K extends Request['kind']>(request: Extract<Request, { kind: K }>): Promise<Answers[K]> => {
    const call = ++calls;
    if (request.kind === 'take') taking = call;
    return new Promise((resolve, reject) => {
      pending.set(call, { resolve, reject });
      send({ call, ...(request as Request) });
    });
  };
  worker.addEventListener('message', ({ data }: MessageEvent<FromLibrary>) => {
    if (data.kind === 'progress') {
      if (data.call === taking) progress = { done: data.done, total: data.total };
      return;
    }
    const call = pending.get(data.call);
    pending.delete(data.call);
    if (data.kind === 'result') call?.resolve(data.value as never);
    else call?.reject(data.cancelled ? new Cancelled(data.message) : new Error(data.message));
  });
  worker.addEventListener('error', ({ message }) => {
    for (const call of pending.values()) call.reject(new Error(message || 'the worker ended'));
    pending.clear();
  });
  /** The result, or undefined: what went wrong is told. */
  const told = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Cancelled)) problem = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  };
  const refresh = async (): Promise<void> => {
    models = (await told(ask<'list'>({ kind: 'list' }))) ?? models;
  };
  void refresh();

  return {
    get models() {
      return models;
    },
    get progress() {
      return progress;
    },
    get problem() {
      return problem;
    },
    async take(source, keep) {
      problem = undefined;
      progress = { done: 0, total: 0 };
      const taken = await told(ask<'take'>({ kind: 'take', source, keep }));
      progress = undefined;
      taking = undefined;
      await refresh();
      return taken;
    },
    cancel() {
      if (taking !== undefined) send({ call: taking, kind: 'cancel' });
    },
    async remove(id) {
      await told(ask<'remove'>({ kind: 'remove', id }));
      await refresh();
    },
  };
}
