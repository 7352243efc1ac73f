/** A run with every setting explicit, and how it follows from what was asked for and from the text. */
import { countParameters, type ModelConfig, parseConfig, withIterations } from '@yoco-u/model';
import { type AttentionRegistry, ConfigError } from '@yoco-u/spec';
import { modelFor, widthOf } from './depth.ts';
import { type IterationChoice, possibleIterations } from './iteration-choice.ts';
import type { OptimizerSettings } from './optimizer.ts';
import type { OutlierSettings } from './outlier-steps.ts';
import type { RecomputeShare } from './recompute.ts';
import type { RunRequest } from './run-request.ts';
import { checkSchedule, type Schedule } from './schedule.ts';
import { ownIterations } from './training-programs.ts';

/** Sizes that are chosen by the amount of text, before it is tokenised. */
export interface TextSizes {
  readonly vocabularySize: number;
  readonly sequenceLength: number;
}

/** What is known of the text once it is tokenised. */
export interface TextFacts {
  readonly vocabularySize: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  /** Tokens to train on, of one epoch. */
  readonly tokens: number;
}

/** Plain JSON; together with data, tokenizer and threads it decides every bit of the weights. */
export interface RunConfig {
  readonly version: 1;
  /** config.json of the model. */
  readonly model: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly iterations: IterationChoice;
  readonly sequenceLength: number;
  readonly batch: number;
  readonly accumulation: number;
  readonly recompute: RecomputeShare;
  readonly steps: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly optimizer: OptimizerSettings;
  readonly clip: number;
  /** Null leaves no step out. */
  readonly outliers: OutlierSettings | null;
  readonly validation: {
    readonly every: number;
    readonly rows: number;
    readonly share: number;
    readonly iterations: readonly number[];
  };
  readonly samples: {
    readonly every: number;
    readonly prompts: readonly string[];
    readonly tokens: number;
    readonly temperature: number;
  };
  readonly checkpoints: { readonly every: number; readonly keep: number };
}

const kilobyte = 1000;

/** Small texts get small vocabularies, as each id must occur often to be learned, and short rows, so that there are some. */
export function sizesForText(request: RunRequest, bytes: number): TextSizes {
  const pick = (steps: readonly (readonly [number, number])[], most: number): number =>
    steps.find(([limit]) => bytes < limit * kilobyte)?.[1] ?? most;
  return {
    vocabularySize:
      request.vocabularySize ??
      pick(
        [
          [20, 320],
          [200, 512],
          [2000, 1024],
          [50_000, 2048],
        ],
        4096,
      ),
    sequenceLength:
      request.sequenceLength ??
      pick(
        [
          [10, 32],
          [50, 64],
          [200, 128],
        ],
        256,
      ),
  };
}

/** Tokens of a step, if nothing else is asked for: enough for a steady gradient, few enough for a step a second. */
const stepTokens = 2048;
/** Tokens to train on for each parameter (Hoffmann et al. 2022, arXiv 2203.15556). */
const tokensPerParameter = 20;
/** After so many, a model of the default size begins to know a small text by heart: docs/log.md (2026-11-26). */
const mostEpochs = 4;
/** Highest learning rates at a width of 128: Muon bears larger steps than AdamW, and takes fewer. Runs of both are in docs/log.md. */
const pace = {
  adamw: { rateAtWidth128: 0.004, leastSteps: 100 },
  muon: { rateAtWidth128: 0.008, leastSteps: 50 },
  sgd: { rateAtWidth128: 0.004, leastSteps: 100 },
} as const;
const defaultOptimizer: OptimizerSettings = {
  kind: 'muon',
  momentum: 0.95,
  beta1: 0.9,
  beta2: 0.95,
  eps: 1e-8,
  weightDecay: 0.1,
};
/** Of documents that validate, and most rows of them. */
export const defaultShare = 0.05;
export const defaultRows = 64;

/** Completes and checks a request. Throws `ConfigError` naming the key. */
export function planRun(
  request: RunRequest,
  sequenceLength: number,
  text: TextFacts,
  registry: AttentionRegistry,
): { readonly config: RunConfig; readonly model: ModelConfig } {
  const depth = request.depth ?? 4;
  const json = modelFor({ depth, sequenceLength, text, changes: request.model ?? {}, iterations: request.iterations });
  const model = parseConfig(json, registry);
  const iterations = request.iterations ?? ownIterations(model);
  const possible = possibleIterations(iterations);
  for (const count of [...possible, ...(request.validation?.iterations ?? [])]) withIterations(model, count);
  const batch = request.batch ?? Math.max(1, Math.min(16, Math.floor(stepTokens / sequenceLength)));
  const accumulation = request.accumulation ?? 1;
  const tokensPerStep = batch * accumulation * sequenceLength;
  const optimizer = request.optimizer ?? defaultOptimizer;
  const { rateAtWidth128, leastSteps } = pace[optimizer.kind];
  const wanted = Math.min(tokensPerParameter * countParameters(model), mostEpochs * text.tokens);
  const steps = request.steps ?? Math.max(leastSteps, Math.round(wanted / tokensPerStep));
  const schedule: Schedule = {
    kind: 'cosine',
    warmup: Math.min(200, Math.floor(steps / 20)),
    final: 0.1,
    decay: 0.2,
    ...request.schedule,
  };
  checkSchedule(schedule, steps);
  const every = Math.max(10, Math.min(500, Math.round(steps / 20)));
  const config: RunConfig = {
    version: 1,
    model: json,
    seed: request.seed ?? 0,
    iterations,
    sequenceLength,
    batch,
    accumulation,
    recompute: request.recompute ?? false,
    steps,
    learningRate: request.learningRate ?? rateAtWidth128 * Math.sqrt(128 / widthOf(json)),
    schedule,
    optimizer,
    clip: request.clip ?? 1,
    outliers: request.outliers === false ? null : (request.outliers ?? { factor: 6, after: 50 }),
    validation: { every, rows: defaultRows, share: defaultShare, iterations: possible, ...request.validation },
    samples: { every: 4 * every, prompts: [''], tokens: 60, temperature: 0.8, ...request.samples },
    checkpoints: { every, keep: 3, ...request.checkpoints },
  };
  return { config, model };
}

/**
 * What may differ when a run goes on: how long it is, what it keeps in memory, and what it tells and keeps on the way. Which text validates is part of the
 * data's own fingerprint.
 */
const freeKeys: readonly (keyof RunConfig)[] = [
  'steps',
  'recompute',
  'schedule',
  'validation',
  'samples',
  'checkpoints',
];
/** What may differ if it is asked for now: how large the steps are, after some that were too large. */
const adjustableKeys = ['learningRate', 'clip', 'outliers'] as const;

/** What a run was decided to be at its start stays when it goes on, whatever the defaults are by then. */
export function keptSettings({ optimizer, learningRate, steps }: RunConfig): RunRequest {
  return { optimizer, learningRate, steps };
}

/** Throws `ConfigError` naming the first setting that a run cannot go on with. `request`: what is asked for now. */
export function checkSameRun(saved: RunConfig, asked: RunConfig, request: RunRequest): void {
  const adjusted: readonly string[] = adjustableKeys.filter((key) => request[key] !== undefined);
  for (const key of Object.keys(saved) as (keyof RunConfig)[]) {
    if (freeKeys.includes(key) || adjusted.includes(key)) continue;
    const difference = firstDifference(saved[key], asked[key], key);
    if (difference === undefined) continue;
    throw new ConfigError({
      where: `resume: ${difference.path}`,
      expected: `the run's ${difference.before}`,
      got: difference.now,
      fix: 'go on with the settings of the run, or begin another in a new folder',
    });
  }
}

interface Difference {
  readonly path: string;
  readonly before: string;
  readonly now: string;
}

/** Of two values of plain JSON: the innermost that differs, as people would name it. */
function firstDifference(before: unknown, now: unknown, path: string): Difference | undefined {
  const [text, other] = [JSON.stringify(before) ?? 'none', JSON.stringify(now) ?? 'none'];
  if (text === other) return undefined;
  if (isCollection(before) && isCollection(now)) {
    for (const key of Object.keys({ ...before, ...now })) {
      const inner = firstDifference(before[key], now[key], `${path}.${key}`);
      if (inner !== undefined) return inner;
    }
  }
  return { path, before: text, now: other };
}

function isCollection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
