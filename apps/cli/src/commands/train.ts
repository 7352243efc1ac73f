/** `train`: text to a model folder, with figures on the way. */
import { measureFmaPeak } from '@yoco-u/backend-wasm/bench';
import type { ModelConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import {
  DivergenceError,
  mergeRequests,
  type OptimizerSettings,
  parseRunRequest,
  type RunRequest,
} from '@yoco-u/train';
import { type RunEvent, runTraining } from '@yoco-u/train/node';
import { builtInAttention, createBackend, samplePrompts } from '@yoco-u/yoco-u';
import { backendOptions } from '../backend-options.ts';
import { interruptSignal } from '../interrupt.ts';
import type { ModelOptions } from '../options.ts';
import { readJsonObject } from '../read-text.ts';
import { CheckFailed, UsageError } from '../run-program.ts';
import { createTrainOutput } from '../train/output.ts';

export interface TrainOptions extends Pick<ModelOptions, 'backend' | 'threads' | 'simd' | 'variant' | 'json'> {
  readonly out: string;
  readonly config?: string;
  readonly resume?: 'auto' | number;
  readonly stopAt?: number;
  readonly cache?: string;
  readonly dryRun?: boolean;
  readonly data?: readonly string[];
  readonly validationData?: readonly string[];
  readonly initialModel?: string;
  readonly tokenizer?: string;
  readonly vocabularySize?: number;
  readonly depth?: number;
  readonly iterations?: RunRequest['iterations'];
  readonly sequenceLength?: number;
  readonly batch?: number;
  readonly accumulation?: number;
  readonly recompute?: boolean | number;
  readonly steps?: number;
  readonly learningRate?: number;
  readonly optimizer?: OptimizerSettings['kind'];
  readonly seed?: number;
  readonly validateEvery?: number;
  readonly saveEvery?: number;
  readonly keep?: number;
  readonly sampleEvery?: number;
}

export async function train(options: TrainOptions): Promise<void> {
  const signal = interruptSignal();
  const file = await readConfig(options.config);
  const request = mergeRequests(file, requestOf(options, file));
  const output = createTrainOutput(options.json === true);
  await using opened = lateBackend((model) => openBackend(options, model));
  try {
    const run = runTraining({
      folder: options.out,
      request,
      resume: options.resume,
      backend: opened.open,
      registry: builtInAttention,
      stopAt: options.stopAt,
      cacheFolder: options.cache,
      flopLimit:
        options.backend === 'wasm' ? async () => 1e9 * (await measureFmaPeak(opened.backend().threads)) : undefined,
      sample: (context) => samplePrompts(opened.backend(), context, signal),
      onProgress: output.progress,
      onWarning: output.warning,
      signal,
    });
    await show(run, output, options, opened.backend);
  } catch (error) {
    output.end();
    if (signal.aborted && error === signal.reason) throw error;
    if (!(error instanceof DivergenceError)) throw error;
    console.error(`error: ${error.message}`);
    throw new CheckFailed();
  }
}

async function show(
  run: AsyncIterable<RunEvent>,
  output: ReturnType<typeof createTrainOutput>,
  options: TrainOptions,
  backend: () => Backend,
): Promise<void> {
  for await (const event of run) {
    output.show(event, backend().description, options.out);
    if (event.type === 'plan' && options.dryRun === true) return;
  }
}

interface LateBackend extends AsyncDisposable {
  open(model: ModelConfig): Promise<Backend>;
  /** To be asked once it is open. */
  backend(): Backend;
}

function lateBackend(openFor: (model: ModelConfig) => Promise<Backend>): LateBackend {
  let backend: Backend | undefined;
  return {
    async open(model) {
      backend = await openFor(model);
      return backend;
    },
    backend: () => backend!,
    [Symbol.asyncDispose]: async () => backend?.[Symbol.asyncDispose](),
  };
}

/** In float32 the reference goes on from a checkpoint exactly. */
async function openBackend(options: TrainOptions, model: ModelConfig): Promise<Backend> {
  if (options.backend === 'reference') {
    return createReferenceBackend({ precision: 32, kernels: builtInAttention.flatMap(({ kernels }) => kernels) });
  }
  return createBackend(backendOptions(options), { model, use: 'train' });
}

async function readConfig(path: string | undefined): Promise<RunRequest> {
  if (path === undefined) return {};
  return parseRunRequest(await readJsonObject(path), path);
}

/** Flags are checked as the keys of a config file are. An optimizer that the file has already keeps the file's settings. */
function requestOf(options: TrainOptions, file: RunRequest): RunRequest {
  const { data, validationData, initialModel, tokenizer, vocabularySize, depth, iterations, sequenceLength } = options;
  const { batch, accumulation, recompute, steps, learningRate, seed, validateEvery, saveEvery, keep, sampleEvery } =
    options;
  const optimizer = options.optimizer === file.optimizer?.kind ? undefined : options.optimizer;
  const every = (count: number | undefined) => (count === undefined ? undefined : { every: count });
  const given = {
    data,
    validationData,
    initialModel,
    tokenizer,
    vocabularySize,
    depth,
    iterations,
    sequenceLength,
    batch,
    accumulation,
    recompute,
    steps,
    learningRate,
    optimizer: optimizer === undefined ? undefined : { kind: optimizer },
    seed,
    validation: every(validateEvery),
    checkpoints: keep === undefined ? every(saveEvery) : { ...every(saveEvery), keep },
    samples: every(sampleEvery),
  };
  return parseRunRequest(
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    'options',
  );
}

/** `3`, or `1..4` for a draw each step. */
export function iterationsOption(text: string): RunRequest['iterations'] & {} {
  const found = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  if (found === null) throw new UsageError(`--iterations: expected a count or a range such as 1..4, got '${text}'`);
  return found[2] === undefined ? Number(found[1]) : { from: Number(found[1]), to: Number(found[2]) };
}

/** `auto`, or the step of a checkpoint. */
export function resumeOption(text: string): 'auto' | number {
  if (text === 'auto' || /^\d+$/.test(text)) return text === 'auto' ? text : Number(text);
  throw new UsageError(`--resume: expected auto or the step of a checkpoint, got '${text}'`);
}
