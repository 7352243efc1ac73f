/** `bench serve`: many streams at once beside one, and the first token of a prompt from the prefix cache beside a cold one. */
import type { EngineLanguageModel } from '@yoco-u/engine';
import type { LoadedModel } from '@yoco-u/yoco-u';
import { randomModel } from '../bench/random-model.ts';
import { formatRate } from '../format.ts';
import { interruptSignal } from '../interrupt.ts';
import { openModel, type ServingOptions } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { printTable } from '../table.ts';

export interface BenchServeOptions extends ModelOptions {
  readonly random?: string;
  readonly streams: number;
  readonly maxTokens: number;
  readonly systemTokens: number;
  readonly runs: number;
}

/** Tokens of a stream's prompt, and of what follows a system prompt. */
const promptTokens = 16;
/** Enough for the system prompt and its followers. */
const prefixCacheBytes = 2 ** 28;

export async function benchServe(folder: string | undefined, options: BenchServeOptions): Promise<void> {
  const signal = interruptSignal();
  const open = (context: number, serving: ServingOptions): Promise<LoadedModel> =>
    options.random === undefined
      ? openModel(folder, { ...options, context }, signal, serving)
      : randomModel(options.random, options, context, serving);
  const progress = createProgress('measuring', 'runs');
  const one: number[] = [];
  const many: number[] = [];
  const cold: number[] = [];
  const cached: number[] = [];
  let name = '';
  let description = '';
  {
    const context = promptTokens + options.maxTokens;
    await using loaded = await open(context, { sequences: options.streams });
    name = loaded.model.id;
    description = loaded.backend.description;
    // in turns, so that what else the machine does meets both; the first run warms up
    for (let run = 0; run <= options.runs && !signal.aborted; run++) {
      progress.update(run, 2 * options.runs + 2);
      const alone = await decodeRate(loaded.model, 1, options, signal);
      const together = await decodeRate(loaded.model, options.streams, options, signal);
      if (run === 0 || signal.aborted) continue;
      one.push(alone);
      many.push(together);
    }
  }
  {
    const context = options.systemTokens + promptTokens + 1;
    await using loaded = await open(context, { prefixCacheBytes });
    for (let run = 0; run <= options.runs && !signal.aborted; run++) {
      progress.update(options.runs + 1 + run, 2 * options.runs + 2);
      const first = await firstTokenMs(loaded.model, options.systemTokens, run, 0, signal);
      const next = await firstTokenMs(loaded.model, options.systemTokens, run, 1, signal);
      if (run === 0 || signal.aborted) continue;
      cold.push(first);
      cached.push(next);
    }
  }
  progress.end();
  if (cached.length === 0) return;
  const result = {
    model: name,
    backend: description,
    streams: options.streams,
    tokensPerSecondOfOne: Math.max(...one),
    tokensPerSecondOfAll: Math.max(...many),
    systemTokens: options.systemTokens,
    firstTokenMsCold: Math.min(...cold),
    firstTokenMsCached: Math.min(...cached),
    runs: { one, many, cold, cached },
  };
  if (options.json === true) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log(`${result.model}, ${description}, node ${process.versions.node}, best of ${cached.length}\n`);
  const times = (ratio: number): string => `${ratio.toFixed(1)}x`;
  printTable(
    ['', 'alone or cold', 'together or cached', ''],
    [
      [
        `decode, 1 and ${options.streams} streams`,
        formatRate(result.tokensPerSecondOfOne),
        formatRate(result.tokensPerSecondOfAll),
        times(result.tokensPerSecondOfAll / result.tokensPerSecondOfOne),
      ],
      [
        `first token after ${options.systemTokens} + ${promptTokens}`,
        `${result.firstTokenMsCold.toFixed(0)} ms`,
        `${result.firstTokenMsCached.toFixed(1)} ms`,
        times(result.firstTokenMsCold / result.firstTokenMsCached),
      ],
    ],
  );
}

const ids = (length: number, seed: number, { vocabularySize }: EngineLanguageModel): number[] =>
  Array.from({ length }, (_, index) => (index * 7919 + seed * 104729 + 1) % vocabularySize);

/** Tokens a second of all streams together, from when every one has its first token until one has its last. */
async function decodeRate(
  model: EngineLanguageModel,
  streams: number,
  { maxTokens }: BenchServeOptions,
  signal: AbortSignal,
): Promise<number> {
  let begun = 0;
  let tokens = 0;
  let start = 0;
  let rate = 0;
  const stream = async (seed: number): Promise<void> => {
    let own = 0;
    const prompt = ids(promptTokens, seed, model);
    const request = { prompt, maxTokens, ignoreEos: true, sampling: { temperature: 0 }, signal };
    for await (const part of model.generate(request)) {
      if (part.type !== 'token') continue;
      own++;
      if (own === 1) begun++;
      if (begun < streams) continue;
      if (start === 0) start = performance.now();
      else tokens++;
      if (own === maxTokens && rate === 0) rate = (tokens * 1000) / (performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: streams }, (_, seed) => stream(seed)));
  return rate;
}

/** The `question`-th one after the system prompt of a run. */
async function firstTokenMs(
  model: EngineLanguageModel,
  systemTokens: number,
  run: number,
  question: number,
  signal: AbortSignal,
): Promise<number> {
  const prompt = [...ids(systemTokens, run, model), ...ids(promptTokens, 1000 + question, model)];
  for await (const part of model.generate({ prompt, maxTokens: 1, ignoreEos: true, signal })) {
    if (part.type === 'finish') return part.timings.firstTokenMs;
  }
  return 0;
}
