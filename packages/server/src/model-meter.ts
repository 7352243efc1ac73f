/** A model whose sequences are bounded, counted and timed: the same interface, with figures beside it. */
import { BusyError, type GeneratePart, type GenerateRequest, type LanguageModel, YocoError } from '@yoco-u/spec';
import { boundTokenizer } from './bound-tokenizer.ts';
import type { Metrics } from './metrics.ts';

/** A sequence under way. */
export interface Sequence {
  readonly state: 'waiting' | 'prompt' | 'generating';
  /** Its place among those that run, from 0; undefined while it waits. */
  readonly slot: number | undefined;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Milliseconds since it came. */
  readonly age: number;
}

export interface ModelMeter {
  readonly name: string;
  /** The model to use instead of the one that is measured. */
  readonly model: LanguageModel;
  readonly sequences: number;
  list(): readonly Sequence[];
  running(): number;
  waiting(): number;
  /** Share of the cache that running sequences hold, from 0 to 1. Never rejects. */
  cacheUse(): Promise<number>;
}

export interface ModelMeterOptions {
  readonly name: string;
  readonly model: LanguageModel;
  /** Sequences that run at once. */
  readonly sequences: number;
  /** Sequences that may wait besides. */
  readonly queue: number;
  readonly metrics: Metrics;
  /** See `LoadedModel`. */
  readonly cacheUse: (() => Promise<number>) | undefined;
  /** The model can do no more: its worker or its device is gone. */
  readonly onBroken: () => void;
}

/** After these errors a model never works again. */
const lossCodes: readonly string[] = ['worker', 'device_lost'];

interface Running {
  readonly arrived: number;
  slot: number | undefined;
  started: number | undefined;
  promptTokens: number;
  completionTokens: number;
}

/** `generate` of the model throws `BusyError`, at its first step, when too many sequences wait already. */
export function createModelMeter(options: ModelMeterOptions): ModelMeter {
  const { name, model, sequences, queue, metrics, onBroken } = options;
  const active = new Set<Running>();
  const label = { model_name: name };
  const interTokenLatency = metrics.interTokenLatency.labels(label);
  const generationTokens = metrics.generationTokens.labels(label);

  const start = (sequence: Running): void => {
    if (sequence.started !== undefined) return;
    sequence.started = performance.now();
    const taken = new Set(Array.from(active, ({ slot }) => slot));
    let slot = 0;
    while (taken.has(slot)) slot++;
    sequence.slot = slot;
    metrics.queueTime.observe(label, seconds(sequence.arrived, sequence.started));
  };

  async function* generate(request: GenerateRequest): AsyncGenerator<GeneratePart> {
    if (active.size >= sequences + queue) {
      throw new BusyError({ where: 'generate', expected: `at most ${queue} sequences that wait`, got: 'one more' });
    }
    const sequence: Running = {
      arrived: performance.now(),
      slot: undefined,
      started: undefined,
      promptTokens: 0,
      completionTokens: 0,
    };
    active.add(sequence);
    let firstToken: number | undefined;
    let previous = 0;
    let reason = 'abort';
    let failed = true;
    try {
      const parts = model.generate({
        ...request,
        onPrefill(done, total) {
          start(sequence);
          sequence.promptTokens = done;
          request.onPrefill?.(done, total);
        },
      });
      for await (const part of parts) {
        start(sequence);
        if (part.type === 'token') {
          const now = performance.now();
          sequence.completionTokens++;
          generationTokens.inc();
          if (firstToken === undefined) {
            firstToken = now;
            metrics.timeToFirstToken.observe(label, seconds(sequence.arrived, now));
            metrics.prefillTime.observe(label, seconds(sequence.started!, now));
          } else interTokenLatency.observe(seconds(previous, now));
          previous = now;
        } else if (part.type === 'finish') {
          reason = part.reason;
          metrics.prefixCacheQueries.inc(label, part.usage.promptTokens);
          metrics.prefixCacheHits.inc(label, part.usage.cachedTokens);
        }
        yield part;
      }
      failed = false;
    } catch (error) {
      if (YocoError.isInstance(error) && lossCodes.includes(error.code)) onBroken();
      throw error;
    } finally {
      active.delete(sequence);
      const ended = performance.now();
      // a request that was refused never ran
      if (sequence.started !== undefined || !failed) {
        metrics.promptTokens.inc(label, sequence.promptTokens);
        metrics.requestPromptTokens.observe(label, sequence.promptTokens);
        metrics.requestGenerationTokens.observe(label, sequence.completionTokens);
        metrics.requestLatency.observe(label, seconds(sequence.arrived, ended));
        if (firstToken !== undefined) metrics.decodeTime.observe(label, seconds(firstToken, ended));
        metrics.finished.inc({ ...label, finished_reason: reason });
      }
    }
  }

  return {
    name,
    sequences,
    model: {
      specVersion: 1,
      id: model.id,
      contextLength: model.contextLength,
      vocabularySize: model.vocabularySize,
      bosTokenId: model.bosTokenId,
      tokenizer: boundTokenizer(model.tokenizer, model.contextLength),
      generate,
      score: (...given) => model.score(...given),
      [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
    },
    list() {
      const now = performance.now();
      return Array.from(active, ({ arrived, slot, promptTokens, completionTokens }) => ({
        state: slot === undefined ? 'waiting' : completionTokens === 0 ? 'prompt' : 'generating',
        slot,
        promptTokens,
        completionTokens,
        age: now - arrived,
      }));
    },
    running: () => count(active, ({ started }) => started !== undefined),
    waiting: () => count(active, ({ started }) => started === undefined),
    async cacheUse() {
      // a model that is gone holds nothing
      if (options.cacheUse !== undefined) return options.cacheUse().catch(() => 0);
      let tokens = 0;
      for (const { promptTokens, completionTokens } of active) tokens += promptTokens + completionTokens;
      return Math.min(1, tokens / (sequences * model.contextLength));
    },
  };
}

function count<T>(values: Iterable<T>, holds: (value: T) => boolean): number {
  let number = 0;
  for (const value of values) if (holds(value)) number++;
  return number;
}

function seconds(from: number, to: number): number {
  return (to - from) / 1000;
}
