/** One request for text on its way: what is fed, what was chosen, and the parts that tell of it. */

import type { SeededSampler } from '@yoco-u/sampler';
import type { FinishReason, GeneratePart, GenerateRequest, PromptToken, Tokenizer } from '@yoco-u/spec';
import { createChunkSizer } from './chunk-size.ts';
import { createClock } from './clock.ts';
import { logProbabilitiesOf } from './log-probabilities.ts';
import { createPartQueue, type PartQueue } from './part-queue.ts';
import type { Restored } from './prefix-cache.ts';
import { type RowResult, requestOf } from './row-results.ts';
import type { Runtime } from './runtime.ts';
import { createStopMatcher } from './stop-strings.ts';
import type { Decoding, NextStep, Task } from './task.ts';

export interface GenerationOptions {
  readonly request: GenerateRequest;
  /** Of the prompt. Grows by what is generated. */
  readonly ids: number[];
  readonly sampler: SeededSampler;
  readonly tokenizer: Tokenizer;
  readonly runtime: Runtime;
  readonly contextLength: number;
  readonly counters: GenerationCounters;
}

/** Counts of all generations together, from the start. */
export interface GenerationCounters {
  /** Computed, not found in the cache. */
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** See `EngineStats`. */
  readonly choices: { fromBest: number; fromLogits: number };
  readonly finished: Record<FinishReason, number>;
  failed: number;
}

export interface Generation extends Task {
  /** For the reader. Ended by the finish part or an error. */
  readonly parts: PartQueue<GeneratePart>;
  /** The reader has left. */
  cancel(): void;
}

export function createGeneration(options: GenerationOptions): Generation {
  const { request, ids, sampler, tokenizer, runtime, counters } = options;
  const { config } = runtime;
  const promptLength = ids.length;
  const limit = Math.min(request.maxTokens ?? Number.POSITIVE_INFINITY, options.contextLength - promptLength);
  const clock = createClock();
  const parts = createPartQueue<GeneratePart>();
  const decoder = tokenizer.createDecoder();
  // what the prompt leaves unfinished (half a character, a cut leading space) belongs to the first token
  for (const id of ids) decoder.push(id);
  const stops = createStopMatcher(request.stop ?? []);
  const eos = new Set(request.ignoreEos === true ? [] : config.eosTokenIds);
  // ids beyond the tokenizer are padding: they cannot be chosen
  const known = tokenizer.vocabularySize;
  // log-probabilities are shares of all ids
  const asks = request.logProbabilities === undefined ? requestOf(sampler, known) : 'logits';
  let seen: Float32Array | undefined;
  let choosable: Float32Array = new Float32Array(0);
  const context = { ids, promptLength };
  const sizer = createChunkSizer(runtime.chunkRows);
  const promptTokens: PromptToken[] = [{ id: ids[0]! }];
  let slot = -1;
  let fed = 0;
  let cached: Restored | undefined;
  let cancelled = false;

  const finish = (reason: FinishReason): void => {
    if (slot >= 0) runtime.cache.store(slot, ids, fed);
    counters.finished[reason]++;
    const cachedTokens = cached?.tokens ?? 0;
    parts.push({
      type: 'finish',
      reason,
      usage: {
        promptTokens: promptLength,
        completionTokens: ids.length - promptLength,
        cachedTokens,
        cacheBytes: runtime.memory.bytesInUse(fed),
      },
      timings: clock.timings(Math.min(fed, promptLength) - cachedTokens, ids.length - promptLength),
    });
    parts.end();
  };
  /** Shows what was held back: no stop string can become complete any more. */
  const finishText = (reason: FinishReason): void => {
    const last = stops.push(decoder.flush());
    const rest = last.stopped ? last.text : last.text + stops.flush();
    if (rest !== '') parts.push({ type: 'text', text: rest });
    finish(last.stopped ? 'stop' : reason);
  };

  const sample = (result: RowResult): number => {
    if ('best' in result) {
      counters.choices.fromBest++;
      return sampler.sampleBest(result.best, context);
    }
    counters.choices.fromLogits++;
    if (result.logits !== seen) {
      seen = result.logits;
      choosable = seen.subarray(0, known);
    }
    return sampler.sample(choosable, context);
  };

  /** Chooses the next id. False when that was the last one. */
  const choose = (result: RowResult): boolean => {
    if (ids.length - promptLength >= limit) {
      finishText('length');
      return false;
    }
    const id = sample(result);
    if (eos.has(id)) {
      finishText('stop');
      return false;
    }
    ids.push(id);
    counters.completionTokens++;
    clock.token();
    const { logProbabilities: alternatives, choices } = request;
    parts.push({
      type: 'token',
      id,
      ...(alternatives === undefined || 'best' in result
        ? {}
        : logProbabilitiesOf(result.logits, known, id, alternatives)),
      ...(choices === undefined ? {} : { choices: sampler.choices(choices) }),
    });
    const shown = stops.push(decoder.push(id));
    if (shown.text !== '') parts.push({ type: 'text', text: shown.text });
    if (shown.stopped) {
      finish('stop');
      return false;
    }
    if (ids.length - promptLength < limit) return true;
    finishText('length');
    return false;
  };

  const decoding: Decoding = {
    asks,
    get slot() {
      return slot;
    },
    get id() {
      return ids[fed]!;
    },
    get position() {
      return fed;
    },
    accept(result) {
      fed++;
      return choose(result);
    },
  };

  // what is in the cache has no logits to tell
  const restore = (): Restored =>
    request.promptLogProbabilities === undefined ? runtime.cache.restore(slot, ids) : { tokens: 0, stops: [] };

  /** Feeds a chunk; what came of its last row if it is the prompt's last. */
  const feedChunk = async (rows: number): Promise<RowResult | undefined> => {
    const segment = { tokens: ids.slice(fed, fed + rows), start: fed, slot };
    const isLast = fed + rows === promptLength;
    const count = request.promptLogProbabilities;
    if (count === undefined) return runtime.prefill(segment, isLast ? asks : undefined);
    const logits = await runtime.inspect(segment);
    const last = Math.min(fed + rows, promptLength - 1);
    for (let place = fed; place < last; place++) {
      const id = ids[place + 1]!;
      promptTokens.push({ id, ...logProbabilitiesOf(logits[place - fed]!, known, id, count) });
    }
    return isLast ? { logits: logits[rows - 1]! } : undefined;
  };

  return {
    runtime,
    priority: request.priority ?? 0,
    parts,
    get progress() {
      return {
        kind: 'generate',
        promptTokens: promptLength,
        fedTokens: fed,
        completionTokens: ids.length - promptLength,
      } as const;
    },
    get remaining() {
      return promptLength - fed;
    },
    get aborted() {
      return cancelled || request.signal?.aborted === true;
    },
    cancel() {
      cancelled = true;
    },
    begin(given) {
      slot = given;
      clock.start();
    },
    async feed(shared): Promise<NextStep> {
      if (cached === undefined) {
        cached = restore();
        fed = cached.tokens;
        counters.cachedTokens += fed;
      }
      const stop = cached.stops.find((position) => position > fed) ?? promptLength;
      const most = request.promptLogProbabilities === undefined ? promptLength : runtime.inspectRows;
      const rows = Math.min(sizer.next(shared), stop - fed, most);
      const began = performance.now();
      const result = await feedChunk(rows);
      sizer.record(rows, performance.now() - began);
      fed += rows;
      counters.promptTokens += rows;
      if (fed === stop) runtime.cache.store(slot, ids, fed);
      request.onPrefill?.(fed, promptLength);
      if (result === undefined) return 'feed';
      clock.prefilled();
      if (request.promptLogProbabilities !== undefined) parts.push({ type: 'prompt', tokens: promptTokens });
      return choose(result) ? decoding : 'done';
    },
    abort() {
      if (ids.length > promptLength) finishText('abort');
      else finish('abort');
    },
    fail(error) {
      counters.failed++;
      parts.end({ cause: error });
    },
  };
}
