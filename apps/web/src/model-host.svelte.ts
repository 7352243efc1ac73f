/** The model that the page works with: loaded, exchanged for another or another backend, told what it takes. */
import { type LanguageModel, YocoError } from '@yoco-u/spec';
import { loadModelInWorker, type WorkerModel, type WorkerModelSource } from '@yoco-u/yoco-u/worker';
import { text } from './text.ts';

/** Depths that can be written side by side. */
export const mostDepths = 3;

export type BackendName = 'wasm' | 'webgpu' | 'auto';

export interface ModelHost {
  /** Undefined until the first one is there. The same model on another backend is another object. */
  readonly loaded: WorkerModel | undefined;
  /** For people: two models may be called the same. */
  readonly name: string;
  /** What is loaded, on whatever backend: texts of another model are no longer shown. */
  readonly source: WorkerModelSource;
  /** What was asked for; with `auto`, `loaded` says what was taken. */
  readonly backend: BackendName;
  /** Bytes loaded so far and in all while a model is under way. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
  /** Shaders compiled so far and in all. */
  readonly compiling: { readonly done: number; readonly total: number } | undefined;
  /** Why the last one could not be loaded. */
  readonly problem: string | undefined;
  /** What happened to the model that was at hand. */
  readonly notice: string | undefined;
  /** Loads a model in place of the one at hand, which stays when that fails. Ends a loading that is under way. */
  open(source: WorkerModelSource, name: string): Promise<void>;
  /** Loads the same model on another backend. */
  use(backend: BackendName): Promise<void>;
  /** Loads the model again once its device or worker is lost; on the CPU where the device does not come back. */
  recover(error: unknown, lost: LanguageModel): Promise<boolean>;
  /** Ends a loading that is under way. */
  cancel(): void;
}

const lossCodes: readonly string[] = ['device_lost', 'worker'];

export function createModelHost(): ModelHost {
  let loaded = $state.raw<WorkerModel>();
  let name = $state('');
  let backend = $state<BackendName>('wasm');
  let progress = $state.raw<ModelHost['progress']>();
  let compiling = $state.raw<ModelHost['compiling']>();
  let problem = $state<string>();
  let notice = $state<string>();
  let source = $state.raw<WorkerModelSource>('');
  let controller: AbortController | undefined;
  let recovery: Promise<boolean> | undefined;

  /** True once it is there. */
  const load = async (from: WorkerModelSource, called: string, on: BackendName): Promise<boolean> => {
    controller?.abort();
    const own = new AbortController();
    controller = own;
    const current = (): boolean => controller === own;
    problem = undefined;
    progress = { done: 0, total: 0 };
    try {
      const next = await loadModelInWorker(from, {
        backend: on,
        // one more, to look at a next token while texts are written
        sequences: mostDepths + 1,
        signal: own.signal,
        onProgress: (done, total) => {
          if (current()) progress = { done, total };
        },
        onCompile: (done, total) => {
          if (current()) compiling = done < total ? { done, total } : undefined;
        },
      });
      const before = loaded;
      [loaded, name, backend, source] = [next, called, on, from];
      // a lost one may not answer any more
      if (before !== undefined) Promise.resolve(before[Symbol.asyncDispose]()).catch(() => {});
      return true;
    } catch (error) {
      if (!own.signal.aborted) problem = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      if (current()) {
        controller = undefined;
        progress = undefined;
        compiling = undefined;
      }
    }
  };

  const loadAgain = async (): Promise<boolean> => {
    const lost = backend;
    if (await load(source, name, lost)) {
      notice = text.recovery.again;
      return true;
    }
    // another model may be under way in its place
    if (lost === 'wasm' || controller !== undefined || !(await load(source, name, 'wasm'))) return false;
    notice = text.recovery.onWasm;
    return true;
  };

  return {
    get loaded() {
      return loaded;
    },
    get name() {
      return name;
    },
    get source() {
      return source;
    },
    get backend() {
      return backend;
    },
    get progress() {
      return progress;
    },
    get compiling() {
      return compiling;
    },
    get problem() {
      return problem;
    },
    get notice() {
      return notice;
    },
    async open(from, called) {
      notice = undefined;
      await load(from, called, backend);
    },
    async use(chosen) {
      notice = undefined;
      await load(source, name, chosen);
    },
    recover(error, lost) {
      if (!YocoError.isInstance(error) || !lossCodes.includes(error.code)) return Promise.resolve(false);
      if (loaded?.model !== lost && recovery === undefined) return Promise.resolve(true);
      recovery ??= loadAgain().finally(() => {
        recovery = undefined;
      });
      return recovery;
    },
    cancel() {
      controller?.abort();
    },
  };
}
