/** Threads that run phases of kernels together: the caller, and workers that spin while they wait. For benchmarks alone. */
import { Worker } from 'node:worker_threads';

/** Words of the control block. */
export const control = { turn: 0, left: 1, phase: 2, args: 3 } as const;

export interface TeamData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly phases: readonly string[];
  readonly words: Int32Array;
  readonly thread: number;
  readonly threads: number;
}

export type Phase = (args: number, thread: number, threads: number) => void;

export interface Team extends AsyncDisposable {
  /** Runs the phases named one after the other, all threads together. */
  run(args: number, phases: readonly string[]): void;
}

export async function createTeam(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  phases: readonly string[],
  threads: number,
): Promise<Team> {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const words = new Int32Array(new SharedArrayBuffer(4 * 4));
  const workers = Array.from({ length: threads - 1 }, (_, index) => {
    const workerData: TeamData = { module, memory, phases, words, thread: index + 1, threads };
    return new Worker(new URL('./team-worker.ts', import.meta.url), { workerData });
  });
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  return {
    run(args, names) {
      for (const name of names) {
        words[control.phase] = phases.indexOf(name);
        words[control.args] = args;
        Atomics.store(words, control.left, threads - 1);
        Atomics.add(words, control.turn, 1);
        (exports[name] as Phase)(args, 0, threads);
        while (Atomics.load(words, control.left) !== 0);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
