/** A run from text to a model folder: tokenizer, data, sizes, trainer, loop and checkpoints in one. */
import { join } from 'node:path';
import { countParameters, flopsPerToken, type ModelConfig, withIterations } from '@yoco-u/model';
import { type AttentionRegistry, type Backend, ConfigError, type Tokenizer } from '@yoco-u/spec';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { createByteCounter } from '../data/byte-counter.ts';
import { documentSeparator } from '../data/document-pieces.ts';
import { type PreparedData, prepareData } from '../data/node/prepare-data.ts';
import type { DataProgress } from '../data/node/progress.ts';
import { createRowStream } from '../data/row-stream.ts';
import type { TextSample, TrainEvent } from '../events.ts';
import { initialWeights } from '../initialize.ts';
import { possibleIterations } from '../iteration-choice.ts';
import { checkSameRun, defaultRows, defaultShare, planRun, type RunConfig, sizesForText } from '../run-config.ts';
import { mergeRequests, type RunRequest } from '../run-request.ts';
import { train } from '../train.ts';
import { createTrainer, type Trainer } from '../trainer.ts';
import type { TrainingMemory } from '../training-programs.ts';
import { createValidationSet } from '../validation.ts';
import { lockFolder } from './folder-lock.ts';
import { checkSameInitialModel, readInitialModel, withInitialModel } from './initial-model.ts';
import { makeFolder, openRunFolder, readRun, refuseOtherModel, requireRoom } from './run-folder.ts';
import { measureText, type TokenizerProgress, tokenizerFor } from './run-tokenizer.ts';

export interface SampleContext {
  readonly trainer: Trainer;
  readonly model: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly settings: RunConfig['samples'];
}

export type RunProgress = TokenizerProgress | DataProgress;

export interface RunOptions {
  /** The run folder; made if need be. */
  readonly folder: string;
  readonly request: RunRequest;
  /** `auto`: go on from the latest checkpoint if there is one; a number: from that step's; absent: a new run. */
  readonly resume?: 'auto' | number | undefined;
  readonly backend: Backend;
  readonly registry: AttentionRegistry;
  /** Where relative sources begin. Default: the working directory. */
  readonly directory?: string | undefined;
  /** Where tokenised text is kept. Default: `data` in the run folder. */
  readonly cacheFolder?: string | undefined;
  /** Ends after this step, to go on later. */
  readonly stopAt?: number | undefined;
  /** FLOP/s that the machine can reach at most; measured after the plan. */
  readonly flopLimit?: (() => Promise<number>) | undefined;
  readonly sample?: ((context: SampleContext, step: number) => Promise<readonly TextSample[]>) | undefined;
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Everything that is known before the first step. */
export interface PlanEvent {
  readonly type: 'plan';
  /** The step that the run goes on from; 0 for a new one. */
  readonly step: number;
  readonly config: RunConfig;
  readonly model: ModelConfig;
  readonly parameters: number;
  /** Of a training step, a mean over the iteration counts that may be drawn. */
  readonly flopsPerToken: number;
  /** To train on in all, repetitions included. */
  readonly tokens: number;
  readonly data: {
    readonly trainTokens: number;
    readonly validationTokens: number;
    readonly bytesPerToken: number;
    /** There were too few documents to choose from: one was cut in two. */
    readonly byPosition: boolean;
  };
  /** Samples take a copy of the weights; their caches, and what the process itself needs, are not in the total. */
  readonly memory: TrainingMemory & { readonly samples: number };
}

export type RunEvent = PlanEvent | TrainEvent;

/**
 * Plans, then trains; checkpoints are written before the consumer sees their event. A consumer that ends the loop at the plan leaves no
 * checkpoint. Before the first step throws `ConfigError`, `DataError`, `CapacityError`, `CheckpointError`, `TokenizerError` or
 * `BackendError` for what cannot work; later `DivergenceError`, or `CheckpointError` where a checkpoint cannot be written.
 */
export async function* runTraining(options: RunOptions): AsyncGenerator<RunEvent, void, undefined> {
  const { folder, backend, registry, signal } = options;
  await makeFolder(folder);
  await using _lock = await lockFolder(folder);
  const saved = await readRun(folder);
  await checkFolder(options, saved !== undefined);
  if (saved !== undefined) checkSameInitialModel(saved.request, options.request);
  const request =
    saved === undefined
      ? await withInitialModel(options.request, options.directory)
      : mergeRequests(saved.request, options.request);
  if (request.data === undefined) {
    const got = options.resume === undefined ? 'none' : `none, and no run in ${folder} to go on with`;
    throw new ConfigError({ where: 'data', expected: 'text to train on', got, fix: 'name a file or a folder' });
  }
  const textBytes = await measureText(request.data, options);
  const sequenceLength = saved?.config.sequenceLength ?? sizesForText(request, textBytes).sequenceLength;
  const tokenizerJson = saved?.tokenizerJson ?? (await tokenizerFor(request, textBytes, options));
  const tokenizer = parseTokenizer(tokenizerJson);
  await using data = await prepare(request, { tokenizer, tokenizerJson, sequenceLength, textBytes }, options);
  const boundary = tokenizer.specialTokens.get(documentSeparator);
  const bytesOf = createByteCounter(tokenizer);
  const rowOptions = { sequenceLength, bosTokenId: boundary, eosTokenId: boundary };
  const rows = createRowStream(data.train, { ...rowOptions, seed: request.seed ?? 0 });
  const { vocabularySize } = tokenizer;
  const text = { vocabularySize, bosTokenId: boundary, eosTokenId: boundary, tokens: rows.tokensPerEpoch };
  const { config, model } = planRun(request, sequenceLength, text, registry);
  if (saved !== undefined) checkSameRun(saved.config, config, options.request);
  const validation = await createValidationSet(data.validation, rowOptions, config.validation, bytesOf);
  using trainer = await createTrainer({
    backend,
    config: model,
    sequences: config.batch,
    sequenceLength,
    optimizer: config.optimizer,
    clip: config.clip,
    recompute: config.recompute,
    trainIterations: possibleIterations(config.iterations),
    evaluateIterations: config.validation.iterations,
  });
  const run = openRunFolder(folder, { request, config }, tokenizerJson);
  await requireRoom(run, trainer, config.checkpoints.keep);
  const from = typeof options.resume === 'number' ? options.resume : ((await run.checkpoints.latest()) ?? 0);
  const samples = options.sample === undefined || config.samples.every === 0 ? 0 : trainer.memory.parameters;
  yield planEvent({ config, model, trainer, data, from, samples });
  signal?.throwIfAborted();

  const resume = saved === undefined ? undefined : (await run.resume(from, trainer)).state;
  if (saved === undefined) {
    await run.begin();
    if (request.initialModel !== undefined) await readInitialModel(trainer, request.initialModel, options.directory);
    else for (const { name, values } of initialWeights(model, config.seed)) trainer.write(name, values);
  }
  const { sample } = options;
  const context: SampleContext = { trainer, model, tokenizer, settings: config.samples };
  const events = train({
    trainer,
    settings: {
      ...config,
      outliers: config.outliers ?? undefined,
      validateEvery: config.validation.every,
      sampleEvery: config.samples.every,
      saveEvery: config.checkpoints.every,
    },
    data: rows,
    bytesOf,
    validation,
    sample: sample === undefined ? undefined : (step) => sample(context, step),
    resume,
    stopAt: options.stopAt,
    flopLimit: await options.flopLimit?.(),
    signal,
  });
  for await (const event of events) {
    // in the metrics first: what a checkpoint stands for is told before it
    await run.append(event);
    if (event.type === 'save') await run.save(trainer, event);
    yield event;
  }
}

async function checkFolder({ folder, resume }: RunOptions, hasRun: boolean): Promise<void> {
  if (hasRun && resume === undefined) {
    const fix = 'resume it (auto), or name another folder';
    throw new ConfigError({ where: folder, expected: 'a folder without a run', got: 'one with checkpoints', fix });
  }
  if (!hasRun && typeof resume === 'number') {
    throw new ConfigError({ where: folder, expected: 'a run to resume', got: 'none', fix: 'check the path' });
  }
  if (!hasRun) await refuseOtherModel(folder);
}

interface TokenizedWith {
  readonly tokenizer: Tokenizer;
  readonly tokenizerJson: string;
  readonly sequenceLength: number;
  readonly textBytes: number;
}

/** Of the tokenizers that a run trains, at most. */
const mostBytesPerToken = 4;

function prepare(request: RunRequest, made: TokenizedWith, options: RunOptions): Promise<PreparedData> {
  const { directory, onProgress, onWarning, signal } = options;
  const { share = defaultShare, rows = defaultRows } = request.validation ?? {};
  const rowLength = made.sequenceLength + 1;
  // a share of few documents may be little text: validation should see as many rows as it would of many
  const wanted = Math.min(rows * rowLength, Math.floor((share * made.textBytes) / mostBytesPerToken));
  return prepareData({
    sources: request.data ?? [],
    tokenizer: made.tokenizer,
    tokenizerText: made.tokenizerJson,
    cacheFolder: options.cacheFolder ?? join(options.folder, 'data'),
    split: {
      seed: request.seed ?? 0,
      minimumTokens: Math.max(rowLength, wanted),
      share,
    },
    ...(request.validationData === undefined ? {} : { validationSources: request.validationData }),
    ...(request.field === undefined ? {} : { field: request.field }),
    ...(directory === undefined ? {} : { directory }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onWarning === undefined ? {} : { onWarning }),
    ...(signal === undefined ? {} : { signal }),
  });
}

function planEvent(given: {
  readonly config: RunConfig;
  readonly model: ModelConfig;
  readonly trainer: Trainer;
  readonly data: PreparedData;
  readonly from: number;
  readonly samples: number;
}): PlanEvent {
  const { config, model, trainer, data, from, samples } = given;
  const { corpus } = data.train;
  const flops = possibleIterations(config.iterations).map(
    (count) => 3 * flopsPerToken(withIterations(model, count), config.sequenceLength),
  );
  return {
    type: 'plan',
    step: from,
    config,
    model,
    parameters: countParameters(model),
    flopsPerToken: flops.reduce((sum, value) => sum + value, 0) / flops.length,
    tokens: config.steps * config.accumulation * config.batch * config.sequenceLength,
    data: {
      trainTokens: data.train.tokens,
      validationTokens: data.validation.tokens,
      bytesPerToken: corpus.bytes / corpus.tokens,
      byPosition: data.byPosition,
    },
    memory: { ...trainer.memory, samples, total: trainer.memory.total + samples },
  };
}
