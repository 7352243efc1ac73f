/**
 * `bench generate`: prefill and decode speed through the engine, beside limits measured in the same run; on a device, what a token
 * asks of it.
 */
import { measureLimits, measureReading } from '@yoco-u/backend-wasm/bench';
import { countParameters, flopsPerToken, prefillFlops } from '@yoco-u/model';
import type { FinishPart, Timings } from '@yoco-u/spec';
import { randomModel } from '../bench/random-model.ts';
import { bytesOfToken, countToken, type TokenBytes, type TokenCounts } from '../bench/token-counts.ts';
import { formatBytes, formatCount, formatRate } from '../format.ts';
import { interruptSignal } from '../interrupt.ts';
import { openModel } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { printTable } from '../table.ts';

export interface BenchGenerateOptions extends ModelOptions {
  readonly random?: string;
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly runs: number;
}

export async function benchGenerate(folder: string | undefined, options: BenchGenerateOptions): Promise<void> {
  const signal = interruptSignal();
  const context = options.promptTokens + options.maxTokens;
  const opened =
    options.random === undefined
      ? openModel(folder, options, signal)
      : randomModel(options.random, options, options.context ?? context);
  await using loaded = await opened;
  const { model, backend } = loaded;
  const prompt = Int32Array.from({ length: options.promptTokens }, (_, i) => (i * 7919 + 1) % model.vocabularySize);
  const runs: Timings[] = [];
  const progress = createProgress('measuring', 'runs');
  for (let run = 0; run <= options.runs && !signal.aborted; run++) {
    progress.update(run, options.runs + 1);
    let finish: FinishPart | undefined;
    const request = {
      prompt,
      maxTokens: options.maxTokens,
      ignoreEos: true,
      sampling: { temperature: 0 },
      signal,
    } as const;
    for await (const part of model.generate(request)) {
      if (part.type === 'finish') finish = part;
    }
    // the first run warms the engine's compiler up
    if (run > 0 && finish!.reason === 'length') runs.push(finish!.timings);
  }
  progress.end();
  if (runs.length === 0) return;
  const best = (pick: (timings: Timings) => number): number => Math.max(...runs.map(pick));
  const prefill = best((timings) => timings.prefillTokensPerSecond);
  const decode = best((timings) => timings.decodeTokensPerSecond);
  const { config } = model;
  const token = await countToken(loaded, { temperature: 0 }, signal);
  const bytes = bytesOfToken(config, Math.min(context, model.contextLength));
  const parameters = countParameters(config);
  const { blockBytes, blockLength } = backend.matrixFormat;
  const readParameters = parameters - (config.tieWordEmbeddings ? 0 : config.vocabularySize * config.hiddenSize);
  const weightBytes = (blockBytes / blockLength) * readParameters;
  const limits = {
    ...(await measureLimits(backend.threads)),
    readGbytesPerSecond: await measureReading(backend.threads, weightBytes),
  };
  const prefillGflops = (prefill * prefillFlops(config, options.promptTokens)) / options.promptTokens / 1e9;
  const decodeGbytes = (decode * weightBytes) / 1e9;
  const result = {
    model: model.id,
    backend: backend.description,
    parameters,
    flopsPerToken: flopsPerToken(config, options.promptTokens),
    promptTokens: options.promptTokens,
    completionTokens: options.maxTokens,
    prefillTokensPerSecond: prefill,
    prefillGflops,
    decodeTokensPerSecond: decode,
    decodeWeightGbytesPerSecond: decodeGbytes,
    limits,
    memory: backend.memory(),
    bytesOfToken: bytes,
    ...(token === undefined ? {} : { countsOfToken: token }),
    runs,
  };
  if (options.json === true) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log(
    `${model.id}: ${formatCount(parameters)} parameters, ${formatBytes(weightBytes)} of weights read a token`,
  );
  console.log(`${backend.description}, node ${process.versions.node}, best of ${runs.length}\n`);
  printTable(
    ['', 'speed', 'achieved', 'limit', 'share'],
    [
      [
        `prefill ${options.promptTokens}`,
        formatRate(prefill),
        `${prefillGflops.toFixed(1)} GFLOP/s`,
        `${limits.fmaGflops.toFixed(1)} GFLOP/s (FMA)`,
        share(prefillGflops, limits.fmaGflops),
      ],
      ['', '', '', `${limits.clockGflops.toFixed(1)} GFLOP/s (clock x 16)`, share(prefillGflops, limits.clockGflops)],
      [
        `decode ${options.maxTokens}`,
        formatRate(decode),
        `${decodeGbytes.toFixed(1)} GB/s`,
        `${limits.readGbytesPerSecond.toFixed(1)} GB/s (as much read plainly)`,
        share(decodeGbytes, limits.readGbytesPerSecond),
      ],
    ],
  );
  if (token !== undefined) printToken(token, bytes);
}

function printToken(token: TokenCounts, { moved, needed, tokens }: TokenBytes): void {
  const { dispatches, restDispatches, layerApplications, submissions, readBackBytes, bestAlone, created } = token;
  const each = (dispatches - restDispatches) / layerApplications;
  const objects = Object.values(created).reduce((sum, count) => sum + count, 0);
  const lines = [
    [
      'dispatches',
      `${dispatches}: ${round(each)} for each of ${layerApplications} layer applications, ${restDispatches} besides`,
    ],
    ['submissions', `${round(submissions)}`, 'WebLLM: one before each read [1]'],
    [
      'read back',
      `${formatBytes(readBackBytes)}, ${bestAlone ? 'the best logits alone' : 'all logits'}`,
      'WebLLM: the id, chosen on the device [2]; transformers.js: all logits [3]',
    ],
    [
      'objects created',
      `${objects} in ${token.tokens} tokens (buffers, bind groups, pipelines)`,
      'WebLLM: what its pools lack [1]; transformers.js: a buffer for each tensor of its cache [4]',
    ],
    [
      'bytes moved',
      `${formatBytes(moved)} at ${tokens} tokens by formula and in float32, ${(moved / needed).toFixed(3)} x the weights of every layer application and the visible cache rows`,
    ],
  ];
  console.log('\na decoded token on the device');
  for (const [what, value, elsewhere] of lines) {
    console.log(`${what!.padEnd(16)} ${value}`);
    if (elsewhere !== undefined) console.log(`${''.padEnd(16)} ${elsewhere}`);
  }
  console.log(
    `\nOthers as their sources say, not run here: ${sources.map((source, at) => `[${at + 1}] ${source}`).join(', ')}`,
  );
}

/** docs/decisions/0012-the-best-logits-come-alone.md. How many dispatches and bytes a token takes elsewhere is not said there. */
const sources = [
  'apache/tvm#18871',
  'mlc-ai/web-llm#737',
  'huggingface/transformers.js#1765',
  'huggingface/transformers.js#1741',
];

const round = (value: number): number => Math.round(100 * value) / 100;

function share(value: number, limit: number): string {
  return `${Math.round((100 * value) / limit)}%`;
}
