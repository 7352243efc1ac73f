/** A run from text to a model folder: tokenizer, data, sizes, trainer, loop and checkpoints in one. */
import { join, resolve } from 'node:path';
import type { ModelConfig } from '@yoco-u/model';
import { type AttentionRegistry, type Backend, ConfigError, type Tokenizer } from '@yoco-u/spec';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { type PreparedData, prepareData } from '../data/node/prepare-data.ts';
import type { DataProgress } from '../data/node/progress.ts';
import type { PlanEvent, TrainEvent } from '../events.ts';
import { initialWeights } from '../initialize.ts';
import { planTokenized, prepareRun, splitFor, type TakeSamples } from '../prepared-run.ts';
import { checkSameRun, keptSettings, sizesForText } from '../run-config.ts';
import { mergeRequests, type RunRequest } from '../run-request.ts';
import type { TrainState } from '../train-state.ts';
import { collectGarbage } from './collect-garbage.ts';
import { lockFolder } from './folder-lock.ts';
import { checkSameInitialModel, readInitialModel, withInitialModel } from './initial-model.ts';
import { movedRequest } from './moved-request.ts';
import { makeFolder, openRunFolder, readRun, refuseOtherFiles, requireRoom } from './run-folder.ts';
import { measureText, type TokenizerProgress, tokenizerFor } from './run-tokenizer.ts';

export type RunProgress = TokenizerProgress | DataProgress;

export interface RunOptions {
  /** The run folder; made if need be. */
  readonly folder: string;
  readonly request: RunRequest;
  /** `auto`: go on from the latest checkpoint if there is one; a number: from that step's; absent: a new run. */
  readonly resume?: 'auto' | number | undefined;
  /** What it runs on, or what opens it once the model is known. The caller disposes it. */
  readonly backend: Backend | ((model: ModelConfig) => Promise<Backend>);
  readonly registry: AttentionRegistry;
  /** Where relative paths of `request` begin. Default: the working directory. Those of a run that goes on begin where they did. */
  readonly directory?: string | undefined;
  /** Where tokenised text is kept. Default: `data` in the run folder. */
  readonly cacheFolder?: string | undefined;
  /** Ends after this step, to go on later. */
  readonly stopAt?: number | undefined;
  /** FLOP/s that the machine can reach at most; measured after the plan. */
  readonly flopLimit?: (() => Promise<number>) | undefined;
  readonly sample?: TakeSamples | undefined;
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What V8 takes in a run: compiled code, and what it has not collected yet. Measured: docs/log.md (2026-11-26). */
const runtimeBytes = 6 * 2 ** 20;

export type RunEvent = PlanEvent | TrainEvent;

/**
 * Plans, then trains; checkpoints are written before the consumer sees their event. A consumer that ends the loop at the plan leaves no
 * checkpoint. Before the first step throws `ConfigError`, `DataError`, `CapacityError`, `CheckpointError`, `TokenizerError` or
 * `BackendError` for what cannot work; later `DivergenceError`, or `CheckpointError` where a checkpoint cannot be written.
 */
export async function* runTraining(asked: RunOptions): AsyncGenerator<RunEvent, void, undefined> {
  const { folder, registry, signal } = asked;
  await makeFolder(folder);
  await using _lock = await lockFolder(folder);
  const saved = await readRun(folder);
  await checkFolder(asked, saved !== undefined);
  const given = resolve(asked.directory ?? '.');
  const directory = saved?.directory ?? given;
  const options = { ...asked, directory, request: movedRequest(asked.request, given, directory) };
  if (saved !== undefined) checkSameInitialModel(saved.request, options.request, directory);
  const request =
    saved === undefined
      ? await withInitialModel(options.request, directory)
      : mergeRequests({ ...keptSettings(saved.config), ...saved.request }, options.request);
  if (request.data === undefined) {
    const got = options.resume === undefined ? 'none' : `none, and no run in ${folder} to go on with`;
    throw new ConfigError({ where: 'data', expected: 'text to train on', got, fix: 'name a file or a folder' });
  }
  const textBytes = await measureText(request.data, options);
  const sequenceLength = saved?.config.sequenceLength ?? sizesForText(request, textBytes).sequenceLength;
  const warnings: string[] = [];
  const learning = { ...options, onWarning: (message: string) => void warnings.push(message) };
  const tokenizerJson = saved?.tokenizerJson ?? (await tokenizerFor(request, textBytes, learning));
  const tokenizerFile = saved === undefined ? request.tokenizer : join(folder, 'tokenizer.json');
  const tokenizer = parseTokenizer(tokenizerJson, tokenizerFile);
  await using data = await prepare(request, { tokenizer, tokenizerJson, sequenceLength, textBytes }, options);
  // only now: of a text that cannot be trained on, the error says more
  for (const message of warnings) options.onWarning?.(message);
  const planned = planTokenized({ request, sequenceLength, tokenizer, data }, registry);
  const { config, model } = planned;
  if (saved !== undefined) checkSameRun(saved.config, config, options.request);
  const backend = typeof options.backend === 'function' ? await options.backend(model) : options.backend;
  using prepared = await prepareRun(planned, backend, options.sample);
  const { trainer } = prepared;
  const run = openRunFolder(folder, { request, config, directory }, tokenizerJson);
  await requireRoom(run, trainer, config.checkpoints.keep);
  if (typeof options.resume === 'number') await run.checkpoints.require(options.resume);
  const from = typeof options.resume === 'number' ? options.resume : ((await run.checkpoints.latest()) ?? 0);
  await collectGarbage();
  yield prepared.plan(from, { held: process.memoryUsage.rss(), runtime: runtimeBytes });
  signal?.throwIfAborted();

  const accept = (state: TrainState): void => planned.rows.restore(state.data);
  const resume = saved === undefined ? undefined : (await run.resume(from, trainer, accept)).state;
  if (saved === undefined) {
    await run.begin();
    if (request.initialModel !== undefined) await readInitialModel(trainer, request.initialModel, directory);
    else
      for (const { name, values } of initialWeights(model, config.seed, trainer.scratch)) trainer.write(name, values);
  }
  const events = prepared.train({ resume, stopAt: options.stopAt, flopLimit: await options.flopLimit?.(), signal });
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
  if (!hasRun) await refuseOtherFiles(folder);
}

interface TokenizedWith {
  readonly tokenizer: Tokenizer;
  readonly tokenizerJson: string;
  readonly sequenceLength: number;
  readonly textBytes: number;
}

function prepare(request: RunRequest, made: TokenizedWith, options: RunOptions): Promise<PreparedData> {
  const { directory, onProgress, onWarning, signal } = options;
  return prepareData({
    sources: request.data ?? [],
    tokenizer: made.tokenizer,
    tokenizerText: made.tokenizerJson,
    cacheFolder: options.cacheFolder ?? join(options.folder, 'data'),
    split: splitFor(request, made.sequenceLength, made.textBytes),
    ...(request.validationData === undefined ? {} : { validationSources: request.validationData }),
    ...(request.field === undefined ? {} : { field: request.field }),
    ...(directory === undefined ? {} : { directory }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onWarning === undefined ? {} : { onWarning }),
    ...(signal === undefined ? {} : { signal }),
  });
}
