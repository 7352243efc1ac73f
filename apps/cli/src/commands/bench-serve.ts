/** `bench serve`: many streams at once beside one, and the first token of a prompt from the prefix cache beside a cold one. */
import type { EngineLanguageModel } from '@yoco-u/engine';
import type { GenerateRequest } from '@yoco-u/spec';
import type { LoadedModel } from '@yoco-u/yoco-u';
import { type LlamaCpp, openLlamaCpp } from '../bench/llama-cpp.ts';
import { randomModel } from '../bench/random-model.ts';
import { formatRate } from '../format.ts';
import { interruptSignal } from '../interrupt.ts';
import { openModel, type ServingOptions } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { UsageError } from '../run-program.ts';
import { printTable } from '../table.ts';

export interface BenchServeOptions extends ModelOptions {
  readonly random?: string;
  readonly streams: number;
  readonly maxTokens: number;
  readonly systemTokens: number;
  readonly runs: number;
  /** Where `node-llama-cpp` is installed. */
  readonly llamaCpp?: string;
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
  const peerOne: number[] = [];
  const peerMany: number[] = [];
  let peerName = '';
  let name = '';
  let description = '';
  {
    const context = promptTokens + options.maxTokens;
    await using loaded = await open(context, { sequences: options.streams });
    name = loaded.model.id;
    description = loaded.backend.description;
    await using peer = await openPeer(loaded, context, options);
    peerName = peer?.description ?? '';
    const streams: Streams = (prompt) => tokensOf(loaded.model, { prompt, maxTokens: options.maxTokens, signal });
    const peerStreams: Streams | undefined = peer && ((prompt) => peer.generate(prompt, options.maxTokens));
    const measure = (source: Streams, count: number) => decodeRate(source, count, options.maxTokens, loaded.model);
    // in turns, so that what else the machine does meets both; the first run warms up
    for (let run = 0; run <= options.runs && !signal.aborted; run++) {
      progress.update(run, 2 * options.runs + 2);
      const alone = await measure(streams, 1);
      const together = await measure(streams, options.streams);
      const peerAlone = peerStreams && (await measure(peerStreams, 1));
      const peerTogether = peerStreams && (await measure(peerStreams, options.streams));
      if (run === 0 || signal.aborted) continue;
      one.push(alone);
      many.push(together);
      if (peerAlone !== undefined) peerOne.push(peerAlone);
      if (peerTogether !== undefined) peerMany.push(peerTogether);
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
    ...(peerName === '' ? {} : { peer: { name: peerName, runs: { one: peerOne, many: peerMany } } }),
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
      ...(peerName === ''
        ? []
        : [
            [
              `the same, ${peerName}`,
              formatRate(Math.max(...peerOne)),
              formatRate(Math.max(...peerMany)),
              times(Math.max(...peerMany) / Math.max(...peerOne)),
            ],
          ]),
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

/** The tokens of a stream, as they come. */
type Streams = (prompt: readonly number[]) => AsyncIterable<unknown>;

async function* tokensOf(model: EngineLanguageModel, request: GenerateRequest): AsyncGenerator<unknown> {
  for await (const part of model.generate({ ...request, ignoreEos: true, sampling: { temperature: 0 } })) {
    if (part.type === 'token') yield part;
  }
}

/** Tokens a second of all streams together, from when every one has its first token until one has its last. */
async function decodeRate(
  source: Streams,
  streams: number,
  maxTokens: number,
  model: EngineLanguageModel,
): Promise<number> {
  let begun = 0;
  let tokens = 0;
  let start = 0;
  let rate = 0;
  const stream = async (seed: number): Promise<void> => {
    let own = 0;
    for await (const _ of source(ids(promptTokens, seed, model))) {
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

/** llama.cpp with as many threads, where its folder is named. Throws `UsageError` for weights that it cannot have. */
async function openPeer(
  { model, backend }: LoadedModel,
  contextLength: number,
  { llamaCpp, random, streams }: BenchServeOptions,
): Promise<LlamaCpp | undefined> {
  if (llamaCpp === undefined) return undefined;
  if (random === undefined)
    throw new UsageError('--llama-cpp: expected --random beside it, got none; only shapes are compared');
  const { threads } = backend;
  return openLlamaCpp({ folder: llamaCpp, config: model.config, threads, streams, contextLength });
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
