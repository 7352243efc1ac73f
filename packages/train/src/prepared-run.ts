/** A run whose text is tokenised: the same parts whether it ends in a folder or in memory. */
import { countParameters, flopsPerToken, type ModelConfig, withIterations } from '@yoco-u/model';
import { type AttentionRegistry, type Backend, ConfigError, type Tokenizer } from '@yoco-u/spec';
import { createByteCounter } from './data/byte-counter.ts';
import { documentSeparator } from './data/document-pieces.ts';
import { createRowStream, type RowStream } from './data/row-stream.ts';
import type { DataSplit, SplitOptions } from './data/split-corpus.ts';
import type { PlanEvent, TextSample, TrainEvent } from './events.ts';
import { possibleIterations } from './iteration-choice.ts';
import { defaultRows, defaultShare, planRun, type RunConfig } from './run-config.ts';
import type { RunRequest } from './run-request.ts';
import { type TrainOptions, train } from './train.ts';
import type { TrainState } from './train-state.ts';
import { createTrainer, type Trainer } from './trainer.ts';
import { createValidationSet } from './validation.ts';

export interface SampleContext {
  readonly trainer: Trainer;
  readonly model: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly settings: RunConfig['samples'];
}

/** Continues the prompts of a run with the weights as they are. */
export type TakeSamples = (context: SampleContext, step: number) => Promise<readonly TextSample[]>;

export interface TokenizedText {
  readonly request: RunRequest;
  readonly sequenceLength: number;
  readonly tokenizer: Tokenizer;
  readonly data: DataSplit;
}

/** Every setting, and the rows to train on. */
export interface PlannedRun extends TokenizedText {
  readonly config: RunConfig;
  readonly model: ModelConfig;
  readonly rows: RowStream;
}

export interface PreparedRun extends Disposable {
  readonly trainer: Trainer;
  /**
   * What is known before the first step. `step`: the one that the run goes on from; `process`: bytes that it holds already, and what
   * the JavaScript engine will take for itself.
   */
  plan(step: number, process?: { readonly held: number; readonly runtime: number }): PlanEvent;
  train(
    options: Pick<TrainOptions, 'resume' | 'stopAt' | 'flopLimit' | 'signal'>,
  ): AsyncGenerator<TrainEvent, TrainState, undefined>;
}

/** Of the tokenizers that a run trains, at most. */
const mostBytesPerToken = 4;

/** How the documents of a text of so many bytes are shared out. */
export function splitFor(request: RunRequest, sequenceLength: number, textBytes: number): SplitOptions {
  const { share = defaultShare, rows = defaultRows } = request.validation ?? {};
  const rowLength = sequenceLength + 1;
  // a share of few documents may be little text: validation should see as many rows as it would of many
  const wanted = Math.min(rows * rowLength, Math.floor((share * textBytes) / mostBytesPerToken));
  return { seed: request.seed ?? 0, minimumTokens: Math.max(rowLength, wanted), share };
}

/** Throws `ConfigError` or `DataError` for what cannot work. */
export function planTokenized(text: TokenizedText, registry: AttentionRegistry): PlannedRun {
  const { request, sequenceLength, tokenizer, data } = text;
  const surrounding = surroundingIds(tokenizer);
  const rows = createRowStream(data.train, { sequenceLength, ...surrounding, seed: request.seed ?? 0 });
  const { vocabularySize } = tokenizer;
  const facts = { vocabularySize, ...surrounding, tokens: rows.tokensPerEpoch };
  const planned = planRun(request, sequenceLength, facts, registry);
  checkPrompts(planned, tokenizer);
  return { ...text, rows, ...planned };
}

/** A prompt that is too long would end the run with its first samples. Throws `ConfigError`. */
function checkPrompts({ config, model }: Pick<PlannedRun, 'config' | 'model'>, tokenizer: Tokenizer): void {
  const most = model.contextLength - (model.bosTokenId === undefined ? 0 : 1);
  for (const [index, prompt] of config.samples.prompts.entries()) {
    const { length } = tokenizer.encode(prompt);
    if (length <= most) continue;
    const where = `samples.prompts[${index}]`;
    const fix = 'shorten it, or raise max_position_embeddings';
    throw new ConfigError({
      where,
      expected: `at most ${most} tokens, which the context holds`,
      got: `${length}`,
      fix,
    });
  }
}

/** Takes the memory. Throws as `createTrainer` does. */
export async function prepareRun(
  planned: PlannedRun,
  backend: Backend,
  sample: TakeSamples | undefined,
): Promise<PreparedRun> {
  const { config, model, rows, sequenceLength, tokenizer, data } = planned;
  const bytesOf = createByteCounter(tokenizer);
  const rowOptions = { sequenceLength, ...surroundingIds(tokenizer) };
  const validation = await createValidationSet(data.validation, rowOptions, config.validation, bytesOf);
  const trainer = await createTrainer({
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
  const context: SampleContext = { trainer, model, tokenizer, settings: config.samples };
  const settings = {
    ...config,
    outliers: config.outliers ?? undefined,
    validateEvery: config.validation.every,
    sampleEvery: config.samples.every,
    saveEvery: config.checkpoints.every,
  };
  return {
    trainer,
    plan(step, { held, runtime } = { held: 0, runtime: 0 }) {
      const samples = sample === undefined || config.samples.every === 0 ? 0 : trainer.memory.parameters;
      const total = trainer.memory.total + samples + runtime;
      return planEvent(planned, { ...trainer.memory, samples, runtime, process: held, total }, step);
    },
    train: (options) =>
      train({
        ...options,
        trainer,
        settings,
        data: rows,
        bytesOf,
        validation,
        sample: sample === undefined ? undefined : (step) => sample(context, step),
      }),
    [Symbol.dispose]: () => trainer[Symbol.dispose](),
  };
}

function surroundingIds({ specialTokens }: Tokenizer) {
  const boundary = specialTokens.get(documentSeparator);
  return { bosTokenId: boundary, eosTokenId: boundary };
}

function planEvent({ config, model, data }: PlannedRun, memory: PlanEvent['memory'], step: number): PlanEvent {
  const { corpus } = data.train;
  const flops = possibleIterations(config.iterations).map(
    (count) => 3 * flopsPerToken(withIterations(model, count), config.sequenceLength),
  );
  return {
    type: 'plan',
    step,
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
    memory,
  };
}
