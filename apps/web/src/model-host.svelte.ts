/** The model that the page works with: loaded, exchanged for another, told what it takes. */
import { loadModelInWorker, type WorkerModel, type WorkerModelSource } from '@yoco-u/yoco-u/worker';

/** Depths that can be written side by side. */
export const sequences = 3;

export interface ModelHost {
  /** Undefined until the first one is there. The same model on another backend is another object. */
  readonly loaded: WorkerModel | undefined;
  /** Names what is loaded: texts of another model are no longer shown. */
  readonly name: string;
  /** Bytes loaded so far and in all while a model is under way. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
  /** Why the last one could not be loaded. */
  readonly problem: string | undefined;
  /** Loads a model in place of the one at hand, which stays when that fails. Ends a loading that is under way. */
  open(source: WorkerModelSource, name: string): Promise<void>;
  /** Ends a loading that is under way. */
  cancel(): void;
}

export function createModelHost(): ModelHost {
  let loaded = $state.raw<WorkerModel>();
  let name = $state('');
  let progress = $state.raw<ModelHost['progress']>();
  let problem = $state<string>();
  let controller: AbortController | undefined;

  return {
    get loaded() {
      return loaded;
    },
    get name() {
      return name;
    },
    get progress() {
      return progress;
    },
    get problem() {
      return problem;
    },
    async open(source, called) {
      controller?.abort();
      const own = new AbortController();
      controller = own;
      problem = undefined;
      progress = { done: 0, total: 0 };
      try {
        const next = await loadModelInWorker(source, {
          sequences,
          signal: own.signal,
          onProgress: (done, total) => {
            if (controller === own) progress = { done, total };
          },
        });
        const before = loaded;
        loaded = next;
        name = called;
        await before?.[Symbol.asyncDispose]();
      } catch (error) {
        if (!own.signal.aborted) problem = error instanceof Error ? error.message : String(error);
      } finally {
        if (controller === own) {
          controller = undefined;
          progress = undefined;
        }
      }
    },
    cancel() {
      controller?.abort();
    },
  };
}
