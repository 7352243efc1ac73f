/** Runtimes of a model by iteration count: made when first asked for, given back when others need their room. */
import { YocoError } from '@yoco-u/spec';
import type { Runtime } from './runtime.ts';

/** A runtime in use: it stays until this is disposed, and as long as sequences of it wait or run. */
export interface RuntimeLease extends Disposable {
  readonly runtime: Runtime;
}

export interface RuntimePool {
  /** Those that are there. */
  readonly ready: readonly Runtime[];
  /** The runtime at an iteration count, by default the model's own. Throws what making it throws. */
  use(iterations?: number): Promise<RuntimeLease>;
  /** Frees all; nothing may be in use any more. */
  dispose(): Promise<void>;
}

export interface RuntimePoolOptions {
  /** At the model's own iteration count. It stays. */
  readonly own: Runtime;
  readonly ownIterations: number;
  readonly create: (iterations: number) => Promise<Runtime>;
  /** Bytes that a runtime will take. */
  readonly bytesOf: (iterations: number) => number;
  /** Whether sequences of the runtime wait or run. */
  readonly isBusy: (runtime: Runtime) => boolean;
}

/** Runtimes at other counts that take no more than this together are not worth making again: 64 MiB. */
const leastBudget = 2 ** 26;

interface Entry {
  readonly made: Promise<Runtime>;
  readonly bytes: number;
  runtime: Runtime | undefined;
  leases: number;
}

/**
 * Runtimes at other counts take as many bytes as the model's own or 64 MiB, all together, or there is one of them. Beyond that idle ones
 * make room, the longest unused first; where memory does not suffice, all idle ones do.
 */
export function createRuntimePool(options: RuntimePoolOptions): RuntimePool {
  const { own, ownIterations, create, bytesOf, isBusy } = options;
  const budget = Math.max(own.allocatedBytes, leastBudget);
  // the longest unused first
  const others = new Map<number, Entry>();
  const ready = [own];

  /** Frees idle others, all but one, until they take at most so many bytes. */
  const shrink = (most: number, stays?: number): void => {
    let taken = 0;
    for (const { bytes } of others.values()) taken += bytes;
    for (const [iterations, { bytes, runtime, leases }] of others) {
      if (taken <= most) return;
      if (iterations === stays || leases > 0 || runtime === undefined || isBusy(runtime)) continue;
      taken -= bytes;
      others.delete(iterations);
      ready.splice(ready.indexOf(runtime), 1);
      runtime[Symbol.dispose]();
    }
  };
  const make = async (iterations: number): Promise<Runtime> => {
    try {
      return await create(iterations);
    } catch (error) {
      const before = ready.length;
      if (YocoError.isInstance(error) && error.code === 'capacity') shrink(0);
      if (ready.length === before) throw error;
      return create(iterations);
    }
  };
  const begin = (iterations: number): Entry => {
    const bytes = bytesOf(iterations);
    shrink(budget - bytes);
    const entry: Entry = { made: make(iterations), bytes, runtime: undefined, leases: 0 };
    entry.made.then(
      (runtime) => {
        entry.runtime = runtime;
        ready.push(runtime);
      },
      () => others.delete(iterations),
    );
    return entry;
  };

  return {
    ready,
    async use(iterations = ownIterations) {
      if (iterations === ownIterations) return { runtime: own, [Symbol.dispose]() {} };
      const entry = others.get(iterations) ?? begin(iterations);
      // behind those that were used before
      others.delete(iterations);
      others.set(iterations, entry);
      entry.leases++;
      const runtime = await entry.made;
      return {
        runtime,
        [Symbol.dispose]() {
          entry.leases--;
          shrink(budget, iterations);
        },
      };
    },
    async dispose() {
      await Promise.allSettled(Array.from(others.values(), ({ made }) => made));
      others.clear();
      for (const runtime of ready.splice(0)) runtime[Symbol.dispose]();
    },
  };
}
