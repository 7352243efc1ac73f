/** The engine: a `LanguageModel` made of a model definition, a backend, weights and a tokenizer. */

import { type ModelConfig, withIterations } from '@yoco-u/model';
import { samplerFromSettings } from '@yoco-u/sampler';
import {
  type Backend,
  CapacityError,
  type DeviceBuffer,
  DisposedError,
  type FinishReason,
  type GeneratePart,
  type GenerateRequest,
  type LanguageModel,
  RequestError,
  type Sampler,
  type ScoreOptions,
  type Tokenizer,
} from '@yoco-u/spec';
<<<<<<< HEAD
import { createGeneration, type GenerationCounters } from './generation.ts';
import { checkPrompt, checkRequest, checkScore } from './request-checks.ts';
import { checkId } from './runner.ts';
import { cacheBytes, createRuntime, type Runtime } from './runtime.ts';
import { createScheduler } from './scheduler.ts';
import { createScoring } from './scoring.ts';
import { type EngineStats, statsOf } from './stats.ts';
=======
import { createChunkSizer } from './chunk-size.ts';
import { createClock } from './clock.ts';
import { logProbabilitiesOf } from './log-probabilities.ts';
import { memoryBytes, memoryShape } from './memory.ts';
import { prefill } from './prefill.ts';
import { checkPrompt, checkRequest } from './request-checks.ts';
import { checkId } from './runner.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import { createStopMatcher } from './stop-strings.ts';
import { createPlaces, nextTurn } from './turns.ts';
>>>>>>> b5c7ecb (yoco-u, cli: --backend webgpu)

export interface EngineOptions {
  readonly id: string;
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Device buffers of all parameters by name: `loadParameters`. The engine owns and disposes them. */
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  /** Most tokens of a sequence. Default: the model's own. */
  readonly contextLength?: number;
  /** Sequences that may be under way at once; further requests wait. Default 1. */
  readonly sequences?: number;
<<<<<<< HEAD
  /** Requests that may wait; one more is refused with `BusyError`. Default: no bound. */
  readonly queue?: number;
  /**
   * Bytes, for each iteration count in use, in which caches of prompts and texts that have ended are kept for requests that begin
   * alike. Default 0: none.
   */
  readonly prefixCacheBytes?: number;
=======
>>>>>>> b5c7ecb (yoco-u, cli: --backend webgpu)
}

export interface EngineLanguageModel extends LanguageModel {
  readonly config: ModelConfig;
  /** Bytes reserved for caches at the model's own iteration count. */
  readonly cacheBytesReserved: number;
}

/**
 * Compiles the model and takes its caches. Throws `CapacityError` when they do not fit.
 * Dispose frees caches and parameters; the backend stays with the caller.
 */
export async function createLanguageModel(options: EngineOptions): Promise<EngineLanguageModel> {
  const { backend, config, tokenizer, parameters } = options;
  const contextLength = options.contextLength ?? config.contextLength;
  const slots = options.sequences ?? 1;
<<<<<<< HEAD
  const prefixCacheBytes = options.prefixCacheBytes ?? 0;
  const queue = options.queue ?? Number.POSITIVE_INFINITY;
=======
>>>>>>> b5c7ecb (yoco-u, cli: --backend webgpu)
  for (const [name, value] of Object.entries({ contextLength, sequences: slots })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RequestError({ where: `engine: ${name}`, expected: 'an integer from 1 on', got: `${value}` });
  }
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw new RequestError({
      where: 'engine: tokenizer',
      expected: `at most the model's ${config.vocabularySize} ids`,
      got: `${tokenizer.vocabularySize}`,
      fix: 'use the tokenizer that the model was trained with',
    });
  }
<<<<<<< HEAD
  const ready: Runtime[] = [];
=======
>>>>>>> b5c7ecb (yoco-u, cli: --backend webgpu)
  const runtimes = new Map<ModelConfig['stages'][number]['iterations'], Promise<Runtime>>();
  const ownIterations = config.stages.find((stage) => stage.type === 'self')?.iterations ?? 0;
  const runtimeFor = (iterations = ownIterations): Promise<Runtime> => {
    const known = runtimes.get(iterations);
    if (known !== undefined) return known;
    const chosen = iterations === ownIterations ? config : withIterations(config, iterations);
    const runtime = createRuntime({
      backend,
      config: chosen,
      parameters,
      slots,
      contextLength,
      prefixCacheBytes,
    });
    runtimes.set(iterations, runtime);
<<<<<<< HEAD
    runtime.then(
      (made) => {
        ready.push(made);
      },
      () => runtimes.delete(iterations),
    );
    return runtime;
  };
  await runtimeFor();
  const scheduler = createScheduler({ slots, queue, name: `model '${options.id}'` });
  const counters: GenerationCounters = {
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    finished: { stop: 0, length: 0, abort: 0 },
    failed: 0,
  };
=======
    runtime.catch(() => runtimes.delete(iterations));
    return runtime;
  };
  await runtimeFor();
  const places = createPlaces(slots);
>>>>>>> b5c7ecb (yoco-u, cli: --backend webgpu)
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
<<<<<<< HEAD
    cacheBytesReserved: cacheBytes({ config, slots, contextLength, prefixCacheBytes }),
    stats: () => statsOf({ slots, scheduler, counters, runtimes: ready }),
=======
    cacheBytesReserved: memoryBytes(config, memoryShape(slots, contextLength)),
>>>>>>> b5c7ecb (yoco-u, cli: --backend webgpu)
    generate(request) {
      alive();
      const ids = promptIds(request.prompt);
      checkPrompt(ids, contextLength);
      for (const id of ids) checkId(id, tokenizer.vocabularySize);
      if (request.promptLogProbabilities !== undefined) {
        const where = 'generate: promptLogProbabilities';
        throw new RequestError({ where, expected: 'nothing: the engine does not give them yet', got: 'a number' });
      }
      checkRequest(request, tokenizer.vocabularySize);
      const sampler = samplerFromSettings(request.sampling ?? {});
      return generate({ request, ids, sampler });
    },
    async score(ids, from, scoreOptions = {}) {
      alive();
      return score(ids, from, scoreOptions);
    },
    async [Symbol.asyncDispose]() {
      if (disposed) return;
      disposed = true;
      for (const runtime of await Promise.allSettled(runtimes.values())) {
        if (runtime.status === 'fulfilled') runtime.value[Symbol.dispose]();
      }
      for (const buffer of Object.values(parameters)) buffer[Symbol.dispose]();
    },
  };

  async function* generate(given: {
    readonly request: GenerateRequest;
    readonly ids: number[];
    readonly sampler: Sampler;
  }): AsyncGenerator<GeneratePart> {
    const { request, ids, sampler } = given;
    const { signal } = request;
    const promptLength = ids.length;
    const limit = Math.min(request.maxTokens ?? Number.POSITIVE_INFINITY, contextLength - promptLength);
    const clock = createClock();
    const allLogits = new Float32Array(config.vocabularySize);
    // ids beyond the tokenizer are padding: they cannot be chosen
    const logits = allLogits.subarray(0, tokenizer.vocabularySize);
    const wanted = request.logProbabilities;
    const decoder = tokenizer.createDecoder();
    // what the prompt leaves unfinished (half a character, a cut leading space) belongs to the first token
    for (const id of ids) decoder.push(id);
    const stops = createStopMatcher(request.stop ?? []);
    const eos = new Set(request.ignoreEos === true ? [] : config.eosTokenIds);
    let fed = 0;
    let runtime: Runtime | undefined;
    const finish = (reason: FinishReason): GeneratePart => ({
      type: 'finish',
      reason,
      usage: {
        promptTokens: promptLength,
        completionTokens: ids.length - promptLength,
        cachedTokens: 0,
        cacheBytes: runtime?.memory.bytesInUse(fed) ?? 0,
      },
      timings: clock.timings(promptLength, ids.length - promptLength),
    });

    let slot: number;
    try {
      slot = await places.take(signal);
    } catch {
      yield finish('abort');
      return;
    }
    try {
      runtime = await runtimeFor(request.iterations);
      alive();
      clock.start();
      const prefilled = await prefill(
        { backend, runner: runtime.prefill, ids, slot, request, logits: allLogits },
        (done) => {
          fed = done;
        },
      );
      if (!prefilled) {
        yield finish('abort');
        return;
      }
      clock.prefilled();
      const segment = { tokens: new Int32Array(1), start: 0, slot };
      const segments = [segment];
      const rows = [0];
      const context = { ids, promptLength };
      let reason: FinishReason = 'length';
      while (ids.length - promptLength < limit) {
        const id = sampler.sample(logits, context);
        if (eos.has(id)) {
          reason = 'stop';
          break;
        }
        ids.push(id);
        clock.token();
        yield wanted === undefined
          ? { type: 'token', id }
          : { type: 'token', id, ...logProbabilitiesOf(allLogits, logits.length, id, wanted) };
        const shown = stops.push(decoder.push(id));
        if (shown.text !== '') yield { type: 'text', text: shown.text };
        if (shown.stopped) {
          yield finish('stop');
          return;
        }
        if (ids.length - promptLength === limit) break;
        await nextTurn();
        if (signal?.aborted) {
          reason = 'abort';
          break;
        }
        alive();
        segment.tokens[0] = id;
        segment.start = fed;
        runtime.decode.run(segments, rows);
        fed++;
        await runtime.decode.read(allLogits);
      }
      const last = stops.push(decoder.flush());
      const rest = last.stopped ? last.text : last.text + stops.flush();
      if (rest !== '') yield { type: 'text', text: rest };
      yield finish(last.stopped ? 'stop' : reason);
    } finally {
      places.give(slot);
    }
  }

  async function score(
    ids: ArrayLike<number>,
    from: number,
    { iterations, signal }: ScoreOptions,
  ): Promise<Float32Array> {
    if (!Number.isInteger(from) || from < 1 || from >= ids.length) {
      throw new RequestError({
        where: 'score: from',
        expected: `an integer from 1 to ${ids.length - 1}, below the ${ids.length} ids`,
        got: `${from}`,
      });
    }
    if (ids.length - 1 > contextLength) {
      throw new CapacityError({
        where: 'score',
        expected: `at most ${contextLength + 1} ids, which the context holds`,
        got: `${ids.length}`,
        fix: 'score the text in windows',
      });
    }
    const slot = await places.take(signal);
    try {
      const runtime = await runtimeFor(iterations);
      const runner = await runtime.score();
      alive();
      const sizer = createChunkSizer(runner.maxRows);
      const all = Array.from(ids, (id) => checkId(id, config.vocabularySize));
      const losses = new Float32Array(all.length - 1);
      for (let start = 0; start < losses.length; ) {
        const rows = Math.min(sizer.next(), losses.length - start);
        const began = performance.now();
        runner.run(
          [{ tokens: all.slice(start, start + rows), start, slot }],
          [],
          all.slice(start + 1, start + 1 + rows),
        );
        await runner.read(losses.subarray(start, start + rows));
        sizer.record(rows, performance.now() - began);
        start += rows;
        await nextTurn();
        signal?.throwIfAborted();
      }
      return losses.slice(from - 1);
    } finally {
      places.give(slot);
    }
  }

  return model;
}
