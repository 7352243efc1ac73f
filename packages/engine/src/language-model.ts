/** The engine: a `LanguageModel` made of a model definition, a backend, weights and a tokenizer. */

import type { SafetensorsFile } from '@yoco-u/checkpoint';
import { type ModelConfig, withIterations } from '@yoco-u/model';
import { type SeededSampler, samplerFromSettings } from '@yoco-u/sampler';
import {
  type Backend,
  type DeviceBuffer,
  DisposedError,
  type GeneratePart,
  type GenerateRequest,
  type LanguageModel,
  RequestError,
  type ScoreOptions,
  type Tokenizer,
} from '@yoco-u/spec';
import { createGeneration, type GenerationCounters } from './generation.ts';
import { type InspectLoopOptions, inspectLoop, type LoopInspection } from './inspect-loop.ts';
import { checkPrompt, checkRequest, checkScore } from './request-checks.ts';
import { checkId } from './runner.ts';
import { cacheBytes, createRuntime, type Runtime } from './runtime.ts';
import { createRuntimePool } from './runtime-pool.ts';
import { fingerprint, readSequence, type SavedSequence } from './saved-sequence.ts';
import { createScheduler } from './scheduler.ts';
import { createScoring } from './scoring.ts';
import { createLoading, createSaving } from './session-tasks.ts';
import { type EngineStats, statsOf } from './stats.ts';

export interface EngineOptions {
  readonly id: string;
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Device buffers of all parameters by name: `loadParameters`. Once it is made, the model owns and disposes them. */
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  /** Most tokens of a sequence. Default: the model's own. */
  readonly contextLength?: number;
  /** Sequences that may be under way at once; further requests wait. Default 1. */
  readonly sequences?: number;
  /** Requests that may wait; one more is refused with `BusyError`. Default: no bound. */
  readonly queue?: number;
  /**
   * Bytes, for each iteration count in use, in which caches of prompts and texts that have ended are kept for requests that begin
   * alike. Default 0: none. Of other counts, those used last keep as much as the model's own or 64 MiB, all together.
   */
  readonly prefixCacheBytes?: number;
}

export interface EngineLanguageModel extends LanguageModel {
  readonly config: ModelConfig;
  /** Bytes reserved for caches at the model's own iteration count. */
  readonly cacheBytesReserved: number;
  /** What it is doing, and counts from the start: for health checks and metrics. Cheap. */
  stats(): EngineStats;
  /**
   * The state of a sequence of these ids, to be written to a file. Computes what the prefix cache does not have. Throws as
   * `generate` does for a prompt.
   */
  saveSequence(ids: ArrayLike<number>, options?: ScoreOptions): Promise<SavedSequence>;
  /**
   * Puts a saved sequence into the prefix cache: a prompt that begins with its ids goes on from there. Gives the ids. Throws
   * `RequestError` without a prefix cache, `CheckpointError` for a file of another model, `CapacityError` where it is too long.
   */
  loadSequence(file: SafetensorsFile, options?: Pick<ScoreOptions, 'iterations'>): Promise<readonly number[]>;
  /** A look inside the loop at a text of at most 256 ids: see `inspectLoop`. Needs no slot and leaves caches alone. */
  inspectLoop(
    ids: ArrayLike<number>,
    options?: InspectLoopOptions & Pick<ScoreOptions, 'iterations'>,
  ): Promise<LoopInspection>;
}

/**
 * Compiles the model and takes its caches. Throws `CapacityError` when they do not fit.
 * Dispose frees caches and parameters; the backend stays with the caller.
 */
export async function createLanguageModel(options: EngineOptions): Promise<EngineLanguageModel> {
  const { backend, config, tokenizer, parameters } = options;
  const contextLength = options.contextLength ?? config.contextLength;
  const slots = options.sequences ?? 1;
  const prefixCacheBytes = options.prefixCacheBytes ?? 0;
  const queue = options.queue ?? Number.POSITIVE_INFINITY;
  for (const [name, value] of Object.entries({ contextLength, sequences: slots })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RequestError({ where: `engine: ${name}`, expected: 'an integer from 1 on', got: `${value}` });
  }
  if (!(queue >= 0) || (Number.isFinite(queue) && !Number.isInteger(queue))) {
    throw new RequestError({ where: 'engine: queue', expected: 'an integer from 0 on, or Infinity', got: `${queue}` });
  }
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw new RequestError({
      where: 'engine: tokenizer',
      expected: `at most the model's ${config.vocabularySize} ids`,
      got: `${tokenizer.vocabularySize}`,
      fix: 'use the tokenizer that the model was trained with',
    });
  }
  const ownIterations = config.stages.find((stage) => stage.type === 'self')?.iterations ?? 0;
  const configAt = (iterations: number): ModelConfig =>
    iterations === ownIterations ? config : withIterations(config, iterations);
  const sizes = { slots, contextLength, prefixCacheBytes };
  const create = (iterations: number): Promise<Runtime> =>
    createRuntime({
      backend,
      config: configAt(iterations),
      parameters,
      ...sizes,
      choices: tokenizer.vocabularySize,
    });
  const scheduler = createScheduler({ slots, queue, name: `model '${options.id}'` });
  const runtimes = createRuntimePool({
    own: await create(ownIterations),
    ownIterations,
    create,
    bytesOf: (iterations) => cacheBytes({ config: configAt(iterations), ...sizes }),
    isBusy: scheduler.isBusy,
  });
  const counters: GenerationCounters = {
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    choices: { fromBest: 0, fromLogits: 0 },
    finished: { stop: 0, length: 0, abort: 0 },
    failed: 0,
  };
  const inspections = new Set<Promise<unknown>>();
  let disposed = false;
  const alive = (): void => {
    if (disposed) throw new DisposedError(`model '${options.id}'`);
  };

  const promptIds = (prompt: string | ArrayLike<number>): number[] => {
    if (typeof prompt !== 'string') return Array.from(prompt);
    const ids = tokenizer.encode(prompt);
    return config.bosTokenId === undefined ? ids : [config.bosTokenId, ...ids];
  };

  const model: EngineLanguageModel = {
    specVersion: 1,
    id: options.id,
    contextLength,
    vocabularySize: config.vocabularySize,
    bosTokenId: config.bosTokenId,
    tokenizer,
    config,
    cacheBytesReserved: cacheBytes({ config, ...sizes }),
    stats: () => statsOf({ slots, scheduler, counters, runtimes: runtimes.ready }),
    generate(request) {
      alive();
      const ids = promptIds(request.prompt);
      checkPrompt(ids, contextLength);
      for (const id of ids) checkId(id, tokenizer.vocabularySize);
      checkRequest(request, tokenizer.vocabularySize);
      const sampler = samplerFromSettings(request.sampling ?? {});
      return generate(request, ids, sampler);
    },
    async score(ids, from, scoreOptions = {}) {
      alive();
      return score(ids, from, scoreOptions);
    },
    async saveSequence(given, { iterations, signal } = {}) {
      alive();
      const ids = Array.from(given, (id) => checkId(id, config.vocabularySize));
      checkPrompt(ids, contextLength);
      using lease = await runtimes.use(iterations);
      alive();
      const { runtime } = lease;
      const model = await fingerprint(backend, runtime.config, parameters);
      const saving = createSaving({ backend, runtime, ids, signal, model });
      scheduler.submit(saving);
      return await saving.saved;
    },
    async loadSequence(file, { iterations } = {}) {
      alive();
      using lease = await runtimes.use(iterations);
      alive();
      const { runtime } = lease;
      if (!runtime.cache.keeps) {
        throw new RequestError({
          where: 'loadSequence',
          expected: 'a prefix cache to load into',
          got: 'none',
          fix: 'create the model with prefixCacheBytes',
        });
      }
      const sequence = await readSequence(file, runtime, await fingerprint(backend, runtime.config, parameters));
      const loading = createLoading(backend, runtime, sequence);
      scheduler.submit(loading);
      await loading.loaded;
      return sequence.ids;
    },
    async inspectLoop(ids, { iterations = ownIterations, ...inspectOptions } = {}) {
      alive();
      const inspected = { backend, config: configAt(iterations), parameters, knownIds: tokenizer.vocabularySize };
      const inspection = inspectLoop(inspected, ids, inspectOptions);
      inspections.add(inspection);
      return inspection.finally(() => inspections.delete(inspection));
    },
    async [Symbol.asyncDispose]() {
      if (disposed) return;
      disposed = true;
      await scheduler.dispose();
      await Promise.allSettled(inspections);
      await runtimes.dispose();
      for (const buffer of Object.values(parameters)) buffer[Symbol.dispose]();
    },
  };

  async function* generate(
    request: GenerateRequest,
    ids: number[],
    sampler: SeededSampler,
  ): AsyncGenerator<GeneratePart> {
    alive();
    using lease = await runtimes.use(request.iterations);
    alive();
    const { runtime } = lease;
    const generation = createGeneration({ request, ids, sampler, tokenizer, runtime, contextLength, counters });
    scheduler.submit(generation);
    try {
      yield* generation.parts.read();
    } finally {
      generation.cancel();
    }
  }

  async function score(
    ids: ArrayLike<number>,
    from: number,
    { iterations, signal }: ScoreOptions,
  ): Promise<Float32Array> {
    checkScore(ids, from, contextLength);
    using lease = await runtimes.use(iterations);
    alive();
    const scoring = createScoring(lease.runtime, ids, signal);
    scheduler.submit(scoring);
    return (await scoring.losses).slice(from - 1);
  }

  return model;
}
