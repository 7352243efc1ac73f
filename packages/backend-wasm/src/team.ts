/** The threads of one backend: the calling thread and workers that run a command list together. */
import { BackendError } from '@yoco-u/spec';
import { control, controlBytes, failureTextAt, progressOf } from './control-block.ts';
import { hardwareThreads, mayBlock } from './host-worker.ts';
import { instantiate } from './instantiate.ts';
import type { LoadedModule } from './loader.ts';
import type { LinearMemory } from './memory.ts';
import { workerPool } from './worker-pool.ts';
import type { TeamModule } from './worker-source.ts';

/**
 * About 200 µs: longer than threads are apart at the end of a product of half a millisecond on a busy machine, far shorter than a
 * time slice. One that sleeps wakes late, and is then waited for itself.
 */
const spins = 200_000;
/** How long a worker looks for the next run before it sleeps: longer than what the host does between two steps. */
const lingerMilliseconds = 0.5;
const stackBytes = 65_536;

/** A list in memory, as the interpreter reads it. */
export interface CommandList {
  readonly address: number;
  readonly entries: number;
  /** For messages: what an entry does. */
  describe(entry: number): string;
}

export interface Team {
  readonly threads: number;
  /** Resolves when all workers can run. Rejects with `BackendError` when they could not start. */
  readonly ready: Promise<void>;
  /** Runs a list to its end. Throws `BackendError` when a kernel traps on any thread, or a worker is gone. */
  run(list: CommandList): void;
  dispose(): Promise<void>;
}

export interface TeamOptions {
  /** Id that the worker pool gave. */
  readonly team: number;
  readonly memory: LinearMemory;
  readonly threads: number;
  readonly runtime: WebAssembly.Module;
  /** Every module with the exports that lists may call, in order of their function indices. */
  readonly modules: readonly { readonly loaded: LoadedModule; readonly exports: readonly string[] }[];
}

export function createTeam({ team, memory, threads, runtime, modules }: TeamOptions): Team {
  const block = memory.allocate(controlBytes(threads), 'threads');
  const failureText = block.address + failureTextAt(threads);
  const modulesOf = (): TeamModule[] =>
    modules.map(({ loaded: { module, needsStack }, exports }) => {
      if (!needsStack) return { module, exports, stackTop: 0 };
      const stack = memory.allocate(stackBytes, 'threads: stack');
      return { module, exports, stackTop: stack.address + stack.bytes };
    });
  const word = (at: number): number => (block.address + at) >> 2;
  const maySpin = threads <= hardwareThreads();
  memory.words[word(control.threads)] = threads;
  memory.words[word(control.spins)] = maySpin ? spins : 0;
  const maySleep = threads > 1 && mayBlock();
  memory.words[word(control.mayWait)] = maySleep ? 1 : 0;

  const interpreter = instantiate(memory.memory, runtime, modulesOf());
  const ready =
    threads === 1
      ? Promise.resolve()
      : workerPool().attach(
          Array.from({ length: threads - 1 }, (_, index) => ({
            kind: 'attach',
            team,
            thread: index + 1,
            memory: memory.memory,
            runtime,
            modules: modulesOf(),
            controlAddress: block.address,
            failureText,
            lingerMilliseconds: maySpin ? lingerMilliseconds : 0,
          })),
        );
  // whoever awaits `ready` learns of a failure; nobody awaiting it is no reason to end the process
  ready.catch(() => {});

  const failure = (list: CommandList, own: unknown): BackendError => {
    const { words } = memory;
    const thread = Math.max(0, words[word(control.failed)]! - 1);
    const length = words[failureText >> 2]!;
    const text =
      thread === 0
        ? String(own)
        : new TextDecoder().decode(memory.bytes.slice(failureText + 4, failureText + 4 + length));
    const { entry, share } = progressOf(memory, block, thread);
    const where = `${list.describe(entry)}, thread ${share}`;
    words[word(control.failed)] = 0;
    const fix = 'check the kernel: it read or wrote outside the memory, divided by zero, or an assert of it failed';
    return new BackendError({ where, expected: 'a kernel that returns', got: text, fix }, { cause: own });
  };

  return {
    threads,
    ready,
    run(list) {
      const { words } = memory;
      if (threads > 1) workerPool().check();
      words[word(control.list)] = list.address;
      words[word(control.entries)] = list.entries;
      let own: unknown;
      try {
        if (!interpreter.start(block.address)) return;
        workerPool().wake(team, threads - 1);
        interpreter.help(block.address, 0);
      } catch (error) {
        own = error;
        Atomics.compareExchange(words, word(control.failed), 0, 1);
        interpreter.fail(block.address, 0);
        // nothing is run any more, so nothing traps
        interpreter.help(block.address, 0);
      }
      if (words[word(control.failed)] !== 0) throw failure(list, own);
    },
    async dispose() {
      await ready.catch(() => {});
      await workerPool().detach(team);
      // a worker that is late may still look at the control block: it stays, and goes with the memory
    },
  };
}
