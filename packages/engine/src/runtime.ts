/** A model at one iteration count: its memory and its compiled programs, made when first used. */

import type { ModelConfig } from '@yoco-u/model';
import { type Backend, CapacityError, type DeviceBuffer } from '@yoco-u/spec';
import { createModelMemory, type ModelMemory, memoryBytes, memoryShape } from './memory.ts';
import { createRunner, type Runner } from './runner.ts';

/** Most rows of a prefill or scoring run; actual chunks are sized by measured speed. */
const mostChunkRows = 256;

export interface Runtime extends Disposable {
  readonly config: ModelConfig;
  readonly memory: ModelMemory;
  /** Takes up to a chunk of rows of one sequence, results of the last only. */
  readonly prefill: Runner;
  /** Takes one row of one sequence. */
  readonly decode: Runner;
  /** Takes up to a chunk of rows of one sequence, losses of all. */
  score(): Promise<Runner>;
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
  const shape = memoryShape(slots, contextLength);
  let memory: ModelMemory;
  try {
    memory = createModelMemory(backend, config, shape);
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
  const chunkRows = Math.min(mostChunkRows, contextLength);
  const base = { memory, parameters, maxSegments: 1 } as const;
  const prefill = await createRunner(backend, config, { ...base, maxRows: chunkRows, outputs: 1, head: 'logits' });
  const decode = await createRunner(backend, config, { ...base, maxRows: 1, outputs: 1, head: 'logits' });
  let score: Promise<Runner> | undefined;
  return {
    config,
    memory,
    prefill,
    decode,
    score: () => {
      score ??= createRunner(backend, config, { ...base, maxRows: chunkRows, outputs: 'all', head: 'loss' });
      return score;
    },
    [Symbol.dispose]() {
      prefill[Symbol.dispose]();
      decode[Symbol.dispose]();
      void score?.then((runner) => runner[Symbol.dispose]());
      memory[Symbol.dispose]();
    },
  };
}
