/** The training loop: no files, no console; runs wherever a backend does. */
import { flopsPerToken, withIterations } from '@yoco-u/model';
import { batchOf } from './batch.ts';
import type { RowStream } from './data/row-stream.ts';
import { DivergenceError, findNonFinite } from './divergence-error.ts';
import type { SaveEvent, StepEvent, TextSample, TrainEvent } from './events.ts';
import { drawIterations, type IterationChoice } from './iteration-choice.ts';
import { isOutlier, type OutlierSettings, withNorm } from './outlier-steps.ts';
import { type Schedule, scheduleFactor } from './schedule.ts';
import type { TrainState } from './train-state.ts';
import type { Trainer } from './trainer.ts';
import { ownIterations } from './training-programs.ts';
import { type ValidationSet, validate } from './validation.ts';

export interface LoopSettings {
  readonly steps: number;
  /** Runs of a batch that make up a step; their gradients are averaged. */
  readonly accumulation: number;
  /** The highest of the schedule. */
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly iterations: IterationChoice;
  /** Leaves out steps of extraordinary gradients; absent, none. */
  readonly outliers?: OutlierSettings | undefined;
  /** Seed of what is drawn a step. */
  readonly seed: number;
  /** Steps between validations, samples and checkpoints; 0 for none. The last step has all of them. */
  readonly validateEvery: number;
  readonly sampleEvery: number;
  readonly saveEvery: number;
}

export interface TrainOptions {
  readonly trainer: Trainer;
  readonly settings: LoopSettings;
  readonly data: Pick<RowStream, 'next' | 'state' | 'restore'>;
  /** UTF-8 bytes that ids stand for: `createByteCounter`. */
  readonly bytesOf: (ids: Iterable<number>) => number;
  readonly validation?: ValidationSet | undefined;
  /** Continues prompts with the weights as they are. */
  readonly sample?: ((step: number) => Promise<readonly TextSample[]>) | undefined;
  /** Goes on from here: the trainer already holds the weights and moments of this state. */
  readonly resume?: TrainState | undefined;
  /** Ends after this step, as if aborted: the schedule stays that of all steps. */
  readonly stopAt?: number | undefined;
  /** FLOP/s that the machine can reach at most. */
  readonly flopLimit?: number | undefined;
  /** Ends between two runs of a batch. The step that was under way is given up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains, one event after the other. Nothing is computed while the consumer holds an event, so that it may read weights and moments;
 * a `save` event asks for that, before the first step of a new run, at intervals and before every end.
 *
 * The same trainer, settings, data and number of threads give the same weights, bit for bit, in one go or resumed. Throws
 * `DivergenceError` where a loss or gradient is not finite, before it can reach a weight.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, TrainState, undefined> {
  const { trainer, settings, data, signal, resume } = options;
  const { steps, seed, accumulation } = settings;
  if (resume !== undefined) data.restore(resume.data);
  let state: TrainState = resume ?? {
    version: 1,
    step: 0,
    updates: 0,
    tokens: 0,
    seed,
    data: data.state(),
    norms: { mean: 0, count: 0 },
  };
  const last = Math.min(steps, options.stopAt ?? steps);
  const pace = createPace(last - state.step);
  const costs = createCosts(options);
  let saved = resume?.step;
  const save = (validationLoss?: number): SaveEvent => ({ type: 'save', step: state.step, state, validationLoss });
  if (saved === undefined) {
    yield save();
    saved = state.step;
  }
  trainer.discard();

  while (state.step < last && signal?.aborted !== true) {
    const step = state.step + 1;
    const iterations = drawIterations(settings.iterations, seed, step);
    const began = performance.now();
    const sums = await accumulateStep(options, step, iterations, saved);
    if (sums === undefined) break;
    const gradientNorm = await trainer.gradientNorm(accumulation);
    if (!Number.isFinite(gradientNorm)) await diverged(trainer, step, 'gradient norm', gradientNorm, saved);
    const skipped = isOutlier(settings.outliers, state.norms, gradientNorm);
    const learningRate = settings.learningRate * scheduleFactor(settings.schedule, step - 1, steps);
    if (skipped) trainer.discard();
    else await trainer.update({ update: state.updates + 1, learningRate, runs: accumulation });
    state = {
      ...state,
      step,
      updates: state.updates + (skipped ? 0 : 1),
      tokens: state.tokens + sums.tokens,
      data: data.state(),
      norms: withNorm(settings.outliers, state.norms, gradientNorm),
    };
    const seconds = (performance.now() - began) / 1000;
    const loss = sums.loss / accumulation;
    const event: StepEvent = {
      type: 'step',
      step,
      loss,
      bitsPerByte: (loss * sums.tokens) / Math.LN2 / sums.bytes,
      learningRate,
      gradientNorm,
      iterations,
      skipped,
      tokens: state.tokens,
      seconds,
      ...costs(iterations, sums.tokens, seconds),
      secondsLeft: pace(),
    };
    yield event;
    const due = (every: number): boolean => every > 0 && (step % every === 0 || step === steps);
    let validationLoss: number | undefined;
    if (options.validation !== undefined && due(settings.validateEvery)) {
      const validation = await validate(trainer, options.validation, step, signal);
      if (validation === undefined) break;
      const total = validation.results.reduce((sum, result) => sum + result.loss, 0);
      validationLoss = total / validation.results.length;
      yield validation;
    }
    if (options.sample !== undefined && due(settings.sampleEvery)) {
      yield { type: 'sample', step, samples: await options.sample(step) };
    }
    if (due(settings.saveEvery) || step === last) {
      yield save(validationLoss);
      saved = step;
    }
  }
  trainer.discard();
  if (saved !== state.step) yield save();
  const reason = state.step >= steps ? 'done' : state.step >= last ? 'stop' : 'abort';
  yield { type: 'end', step: state.step, reason };
  return state;
}

interface StepSums {
  readonly loss: number;
  readonly tokens: number;
  readonly bytes: number;
}

/** The gradients of a step; undefined if it was aborted. */
async function accumulateStep(
  { trainer, settings, data, bytesOf, signal }: TrainOptions,
  step: number,
  iterations: number,
  saved: number | undefined,
): Promise<StepSums | undefined> {
  const { sequences, sequenceLength } = trainer.shape;
  let loss = 0;
  let bytes = 0;
  for (let run = 0; run < settings.accumulation; run++) {
    // a run may block its thread: let signals and timers in
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (signal?.aborted === true) return undefined;
    const batch = batchOf(await data.next(sequences));
    const mean = await trainer.accumulate(batch, iterations);
    if (!Number.isFinite(mean)) await diverged(trainer, step, 'loss', mean, saved);
    loss += mean;
    for (const targets of batch.targets) bytes += bytesOf(Array.from(targets));
  }
  return { loss, bytes, tokens: settings.accumulation * sequences * sequenceLength };
}

async function diverged(
  trainer: Trainer,
  step: number,
  what: 'loss' | 'gradient norm',
  value: number,
  lastSaved: number | undefined,
): Promise<never> {
  throw new DivergenceError({ step, what, value, tensor: await findNonFinite(trainer), lastSaved });
}

/** Seconds until the last step, told after each. */
function createPace(steps: number): () => number {
  const began = performance.now();
  let done = 0;
  return () => {
    done++;
    return ((performance.now() - began) / 1000 / done) * (steps - done);
  };
}

function createCosts({ trainer, flopLimit }: TrainOptions) {
  const { config, sequenceLength } = trainer.shape;
  const own = ownIterations(config);
  const known = new Map<number, number>();
  const flops = (iterations: number): number => {
    if (!known.has(iterations)) {
      const model = iterations === own ? config : withIterations(config, iterations);
      known.set(iterations, 3 * flopsPerToken(model, sequenceLength));
    }
    return known.get(iterations)!;
  };
  return (iterations: number, tokens: number, seconds: number) => {
    const tokensPerSecond = tokens / seconds;
    const flopsPerSecond = flops(iterations) * tokensPerSecond;
    const flopShare = flopLimit === undefined ? undefined : flopsPerSecond / flopLimit;
    return { tokensPerSecond, flopsPerSecond, flopShare };
  };
}
