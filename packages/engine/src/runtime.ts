/** A model at one iteration count: its memory and its compiled programs, made when first used. */

import type { ModelConfig } from '@yoco-u/model';
import { type Backend, CapacityError, type DeviceBuffer } from '@yoco-u/spec';
import { createDecodeBatch, type DecodeBatch } from './decode-batch.ts';
import { createModelMemory, type ModelMemory, memoryBytes, memoryShape } from './memory.ts';
import { createRunner, type Runner, type Segment } from './runner.ts';

/** Most rows of a prefill or scoring run; actual chunks are sized by measured speed. */
const mostChunkRows = 256;
/** Most rows whose logits are all read. */
const mostInspectedRows = 32;

export interface Runtime extends Disposable {
  readonly config: ModelConfig;
  readonly memory: ModelMemory;
  /** Most rows of a chunk. */
  readonly chunkRows: number;
  /** Most rows of a chunk that is inspected. */
  readonly inspectRows: number;
  readonly decode: DecodeBatch;
  /** Feeds rows of one sequence. `logits` [V] of the last one, valid until the next call, where they are wanted. */
  prefill(segment: Segment, wanted: boolean): Promise<Float32Array | undefined>;
  /** Feeds rows of one sequence. Logits [V] of each, valid until the next call. */
  inspect(segment: Segment): Promise<readonly Float32Array[]>;
  /** Feeds rows of one sequence and writes −ln p of each one's target to `losses`. */
  score(segment: Segment, targets: readonly number[], losses: Float32Array): Promise<void>;
}

export interface RuntimeOptions {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  readonly slots: number;
  readonly contextLength: number;
}

/** Throws `CapacityError` when the caches do not fit, before they are taken. */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { backend, config, parameters, slots, contextLength } = options;
  const memory = takeMemory(options);
  const chunkRows = Math.min(mostChunkRows, contextLength);
  const inspectRows = Math.min(mostInspectedRows, contextLength);
  const base = { memory, parameters };
  const runnerOf = (maxRows: number, outputs: 'all' | number, head: 'logits' | 'loss'): Promise<Runner> =>
    createRunner(backend, config, { ...base, maxSegments: 1, maxRows, outputs, head });
  const prefill = await runnerOf(chunkRows, 1, 'logits');
  const decode = await createDecodeBatch(backend, config, slots, base);
  const logits = new Float32Array(config.vocabularySize);
  const none: readonly number[] = [];
  const score = lazily(() => runnerOf(chunkRows, 'all', 'loss'));
  const inspect = lazily(() => runnerOf(inspectRows, 'all', 'logits'));
  return {
    config,
    memory,
    chunkRows,
    inspectRows,
    decode,
    async prefill(segment, wanted) {
      prefill.run([segment], wanted ? [segment.tokens.length - 1] : none);
      if (!wanted) return void (await backend.settled());
      await prefill.read(logits);
      return logits;
    },
    async inspect(segment) {
      const runner = await inspect.get();
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
      runner.run([segment], none, targets);
      await runner.read(losses);
    },
    [Symbol.dispose]() {
      prefill[Symbol.dispose]();
      decode[Symbol.dispose]();
      score.dispose();
      inspect.dispose();
      memory[Symbol.dispose]();
    },
  };
}

function takeMemory({ backend, config, slots, contextLength }: RuntimeOptions): ModelMemory {
  const shape = memoryShape(slots, contextLength);
  try {
    return createModelMemory(backend, config, shape);
  } catch (error) {
    if (!(error instanceof CapacityError)) throw error;
    throw new CapacityError(
      {
        where: 'engine: caches',
        expected: `${memoryBytes(config, shape)} bytes for ${slots} sequence(s) of ${contextLength} tokens`,
        got: 'less free memory',
        fix: 'choose a smaller contextLength or fewer sequences',
      },
      { cause: error },
    );
  }
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
    dispose: (): void => void made?.then((one) => one[Symbol.dispose]()),
  };
}
