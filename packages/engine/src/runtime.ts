/** A model at one iteration count: its memory and its compiled programs, made when first used. */

import type { ModelConfig } from '@yoco-u/model';
import { type Backend, CapacityError, type DeviceBuffer, YocoError } from '@yoco-u/spec';
import { planCache } from './cache-plan.ts';
import { createDecodeBatch, type DecodeBatch } from './decode-batch.ts';
import { createModelMemory, type ModelMemory, memoryBytes, memoryShape } from './memory.ts';
import { type Own, owning } from './owning.ts';
import { createPrefixCache, type PrefixCache } from './prefix-cache.ts';
import { bestOf, createRowResults, mostAsked, type RowRequest, type RowResult } from './row-results.ts';
import { createRunner, type Runner, type RunnerOptions, type Segment } from './runner.ts';
import { entryBytes, slotStates } from './snapshots.ts';

/** Most rows of a prefill or scoring run; actual chunks are sized by measured speed. */
const mostChunkRows = 256;
/** Most rows whose logits are all read. */
const mostInspectedRows = 32;

export interface Runtime extends Disposable {
  readonly config: ModelConfig;
  readonly memory: ModelMemory;
  readonly cache: PrefixCache;
  /** Bytes of memory and cache together. */
  readonly allocatedBytes: number;
  /** Most rows of a chunk. */
  readonly chunkRows: number;
  /** Most rows of a chunk that is inspected. */
  readonly inspectRows: number;
  readonly decode: DecodeBatch;
  /** Feeds rows of one sequence. What is asked of the last one, valid until the next call. */
  prefill(segment: Segment, asks?: RowRequest): Promise<RowResult | undefined>;
  /** Feeds rows of one sequence. Logits [V] of each, valid until the next call. */
  inspect(segment: Segment): Promise<readonly Float32Array[]>;
  /** Feeds rows of one sequence and writes −ln p of each one's target to `losses`. */
  score(segment: Segment, targets: readonly number[], losses: Float32Array): Promise<void>;
  /** The slot's sequence has ended. */
  release(slot: number): void;
}

export interface RuntimeOptions {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  readonly slots: number;
  readonly contextLength: number;
  /** Ids below it can be chosen; those from it on are padding. */
  readonly choices: number;
  /** For caches of sequences that have ended. */
  readonly prefixCacheBytes: number;
}

/** Throws `CapacityError` when caches or temporaries do not fit. Takes nothing when it fails. */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  try {
    return await owning(async (own) => {
      const runtime = await makeRuntime(options, own);
      // some devices say only now that they have no room
      await options.backend.settled();
      return runtime;
    });
  } catch (error) {
    throw YocoError.isInstance(error) && error.code === 'capacity' ? noRoom(options, error) : error;
  }
}

async function makeRuntime(options: RuntimeOptions, own: Own): Promise<Omit<Runtime, keyof Disposable>> {
  const { backend, config, parameters, slots, contextLength, choices, prefixCacheBytes } = options;
  const plan = planCache(config, memoryShape(slots, contextLength), prefixCacheBytes);
  const memory = own(createModelMemory(backend, config, memoryShape(slots, contextLength, plan.pages)));
  const cache = own(createPrefixCache(backend, config, memory, plan));
  const { pages } = cache;
  const map = ({ slot, start, tokens }: Segment): void => pages.map(slot, start + tokens.length);
  const chunkRows = Math.min(mostChunkRows, contextLength);
  const inspectRows = Math.min(mostInspectedRows, contextLength);
  const base = { memory, parameters };
  const runnerOf = (rest: Omit<RunnerOptions, 'maxSegments' | keyof typeof base>): Promise<Runner> =>
    createRunner(backend, config, { ...base, maxSegments: 1, ...rest });
  const prefill = own(await runnerOf({ maxRows: chunkRows, outputs: 1, head: 'logits', best: bestOf(choices) }));
  const decode = own(await createDecodeBatch(backend, config, { ...base, slots, choices, pages }));
  const last = createRowResults(config, choices, 1);
  const none: readonly number[] = [];
  const score = own(lazily(() => runnerOf({ maxRows: chunkRows, outputs: 'all', head: 'loss' })));
  const inspect = own(lazily(() => runnerOf({ maxRows: inspectRows, outputs: 'all', head: 'logits' })));
  return {
    config,
    memory,
    cache,
    allocatedBytes: memory.allocatedBytes + cache.allocatedBytes,
    chunkRows,
    inspectRows,
    decode,
    async prefill(segment, asks) {
      map(segment);
      if (asks === undefined) {
        prefill.run([segment]);
        return void (await backend.settled());
      }
      const row = [{ asks }];
      prefill.run([segment], [segment.tokens.length - 1], { best: mostAsked(row) });
      await last.read(prefill, row);
      return last.of(0);
    },
    async inspect(segment) {
      const runner = await inspect.get();
      map(segment);
      runner.run([segment]);
      const rows = segment.tokens.length;
      const all = new Float32Array(rows * config.vocabularySize);
      await runner.read(all);
      return Array.from({ length: rows }, (_, row) =>
        all.subarray(row * config.vocabularySize, (row + 1) * config.vocabularySize),
      );
    },
    async score(segment, targets, losses) {
      const runner = await score.get();
      map(segment);
      runner.run([segment], none, { targets });
      await runner.read(losses);
    },
    release: (slot) => pages.clear(slot),
  };
}

/** Bytes that a runtime takes for caches, known before any are taken. Throws `RequestError` for a cache of too few bytes. */
export function cacheBytes(options: Omit<RuntimeOptions, 'backend' | 'parameters' | 'choices'>): number {
  const { config, slots, contextLength, prefixCacheBytes } = options;
  const plan = planCache(config, memoryShape(slots, contextLength), prefixCacheBytes);
  const shape = memoryShape(slots, contextLength, plan.pages);
  return memoryBytes(config, shape) + plan.snapshots * entryBytes(slotStates(config, shape));
}

function noRoom(options: RuntimeOptions, cause: YocoError): CapacityError {
  const { slots, contextLength, prefixCacheBytes } = options;
  const keeps = prefixCacheBytes > 0;
  const kept = keeps ? ' and those kept for later ones' : '';
  return new CapacityError(
    {
      where: 'engine: caches',
      expected: `${cacheBytes(options)} bytes for ${slots} sequence(s) of ${contextLength} tokens${kept}, and temporaries`,
      got: `less (${cause.message})`,
      fix: `choose a smaller contextLength${keeps ? ', fewer sequences or a smaller prefix cache' : ' or fewer sequences'}`,
    },
    { cause },
  );
}

/** Something made when first asked for, and again if that failed. */
function lazily<T extends Disposable>(create: () => Promise<T>) {
  let made: Promise<T> | undefined;
  return {
    get(): Promise<T> {
      made ??= create().catch((error: unknown) => {
        made = undefined;
        throw error;
      });
      return made;
    },
    [Symbol.dispose]: (): void => void made?.then((one) => one[Symbol.dispose]()),
  };
}
