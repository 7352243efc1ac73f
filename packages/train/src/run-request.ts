/** What a user asks of a run: the config file and the flags, every key optional, unknown ones refused. */
import { ConfigError } from '@yoco-u/spec';
import type { IterationChoice } from './iteration-choice.ts';
import { checkIterations } from './iteration-choice.ts';
import type { OptimizerSettings } from './optimizer.ts';
import type { OutlierSettings } from './outlier-steps.ts';
import { type Reader, readObject } from './read-object.ts';
import type { RecomputeShare } from './recompute.ts';
import type { Schedule } from './schedule.ts';

/** Plain JSON. What is absent follows from the text and from `depth`: see `planRun`. */
export interface RunRequest {
  /** Files, folders, patterns or packages of text. */
  readonly data?: readonly string[];
  /** The same, to validate on; by default a share of the documents of `data`. */
  readonly validationData?: readonly string[];
  /** Field of JSON lines that holds the text. */
  readonly field?: string;
  /**
   * A model folder whose weights the run begins with, instead of random ones; its sizes, iterations and tokenizer are taken
   * where none are given.
   */
  readonly initialModel?: string;
  /** A tokenizer.json to use; by default one is trained on the text. */
  readonly tokenizer?: string;
  /** Of the tokenizer to train. */
  readonly vocabularySize?: number;
  /** Layers in all: width, heads, learning rate and tokens follow from it. */
  readonly depth?: number;
  /** Keys of config.json that replace those that follow from `depth`. */
  readonly model?: Readonly<Record<string, unknown>>;
  readonly iterations?: IterationChoice;
  readonly sequenceLength?: number;
  /** Sequences of a run. */
  readonly batch?: number;
  /** Runs of a step. */
  readonly accumulation?: number;
  /** Less memory for up to a third more work. */
  readonly recompute?: RecomputeShare;
  readonly steps?: number;
  readonly learningRate?: number;
  readonly schedule?: Partial<Schedule>;
  readonly optimizer?: OptimizerSettings;
  /** Largest norm of all gradients together. */
  readonly clip?: number;
  /** False leaves no step out. */
  readonly outliers?: OutlierSettings | false;
  readonly seed?: number;
  readonly validation?: {
    readonly every?: number;
    /** Most rows. */
    readonly rows?: number;
    /** Share of the documents. */
    readonly share?: number;
    readonly iterations?: readonly number[];
  };
  readonly samples?: {
    readonly every?: number;
    readonly prompts?: readonly string[];
    readonly tokens?: number;
    readonly temperature?: number;
  };
  readonly checkpoints?: {
    readonly every?: number;
    /** Newest checkpoints that are kept, besides the best. */
    readonly keep?: number;
  };
}

/** Reads and checks a request. Throws `ConfigError` naming the key; unknown keys are errors. */
export function parseRunRequest(value: unknown, where = 'config'): RunRequest {
  return readObject(value, where, (read) => ({
    data: read.texts('data'),
    validationData: read.texts('validationData'),
    field: read.text('field'),
    initialModel: read.text('initialModel'),
    tokenizer: read.text('tokenizer'),
    vocabularySize: read.integer('vocabularySize', 257, 2 ** 20),
    depth: read.integer('depth', 2, 256),
    model: read.custom('model', (model, at) => readModel(model, at)),
    iterations: read.custom('iterations', (choice, at) => {
      checkIterations(choice as IterationChoice, at);
      return choice as IterationChoice;
    }),
    sequenceLength: read.integer('sequenceLength', 1, 2 ** 20),
    batch: read.integer('batch', 1, 2 ** 20),
    accumulation: read.integer('accumulation', 1, 2 ** 20),
    recompute: read.custom('recompute', readShare),
    steps: read.integer('steps', 1),
    learningRate: read.number('learningRate', 0, Number.MAX_VALUE),
    schedule: read.custom('schedule', readSchedule),
    optimizer: read.custom('optimizer', readOptimizer),
    clip: read.number('clip', Number.MIN_VALUE, Number.MAX_VALUE),
    outliers: read.custom('outliers', (outliers, at) => (outliers === false ? false : readOutliers(outliers, at))),
    seed: read.integer('seed', 0),
    validation: read.custom('validation', (validation, at) =>
      readObject(validation, at, (inner) => ({
        every: inner.integer('every', 0),
        rows: inner.integer('rows', 1),
        share: inner.number('share', Number.MIN_VALUE, 0.999),
        iterations: inner.custom('iterations', readCounts),
      })),
    ),
    samples: read.custom('samples', (samples, at) =>
      readObject(samples, at, (inner) => ({
        every: inner.integer('every', 0),
        prompts: inner.texts('prompts'),
        tokens: inner.integer('tokens', 1),
        temperature: inner.number('temperature', 0, 100),
      })),
    ),
    checkpoints: read.custom('checkpoints', (checkpoints, at) =>
      readObject(checkpoints, at, (inner) => ({ every: inner.integer('every', 1), keep: inner.integer('keep', 1) })),
    ),
  }));
}

/** The later request's keys replace the earlier one's; one level deeper for groups of settings. */
export function mergeRequests(base: RunRequest, changes: RunRequest): RunRequest {
  const group = <K extends 'model' | 'schedule' | 'validation' | 'samples' | 'checkpoints'>(key: K) =>
    base[key] === undefined && changes[key] === undefined ? {} : { [key]: { ...base[key], ...changes[key] } };
  return {
    ...base,
    ...changes,
    ...group('model'),
    ...group('schedule'),
    ...group('validation'),
    ...group('samples'),
    ...group('checkpoints'),
  };
}

/** Keys of config.json that a request may set; the tokenizer decides the others. */
export const modelKeys = [
  'model_type',
  'hidden_size',
  'intermediate_size',
  'num_attention_heads',
  'num_key_value_heads',
  'head_dim',
  'rope_theta',
  'rms_norm_eps',
  'embedding_scale',
  'qk_norm',
  'tie_word_embeddings',
  'max_position_embeddings',
  'stages',
];

/** Values are checked with the whole config.json; keys that no model has would be ignored there. */
function readModel(value: unknown, where: string): Readonly<Record<string, unknown>> {
  return readObject(value, where, (read) => {
    const entries = modelKeys.map((key) => [key, read.custom(key, (inner) => inner)] as const);
    return Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
  });
}

function readShare(value: unknown, where: string): RecomputeShare {
  if (typeof value === 'boolean' || (typeof value === 'number' && value >= 0 && value <= 1)) return value;
  throw new ConfigError({ where, expected: 'true, false, or a share from 0 to 1', got: JSON.stringify(value) });
}

function readSchedule(value: unknown, where: string): Partial<Schedule> {
  return readObject(value, where, (read) => ({
    kind: read.oneOf('kind', ['cosine', 'linear', 'warmup_stable_decay', 'constant'] as const),
    warmup: read.integer('warmup', 0),
    final: read.number('final', 0, 1),
    decay: read.number('decay', 0, 1),
  }));
}

function readOptimizer(value: unknown, where: string): OptimizerSettings {
  const share = (read: Reader, key: string, fallback: number): number => read.number(key, 0, 0.99999) ?? fallback;
  return readObject(value, where, (read): OptimizerSettings => {
    // what settings without a kind meant when AdamW was the default: runs of that time go on with them
    const kind = read.oneOf('kind', ['adamw', 'muon', 'sgd'] as const) ?? 'adamw';
    const weightDecay = read.number('weightDecay', 0, 10) ?? 0.1;
    if (kind === 'sgd') return { kind, momentum: share(read, 'momentum', 0.9), weightDecay };
    const eps = read.number('eps', Number.MIN_VALUE, 1) ?? 1e-8;
    const adamw = { beta1: share(read, 'beta1', 0.9), beta2: share(read, 'beta2', 0.95), eps, weightDecay };
    return kind === 'muon' ? { kind, momentum: share(read, 'momentum', 0.95), ...adamw } : { kind, ...adamw };
  });
}

function readOutliers(value: unknown, where: string): OutlierSettings {
  return readObject(value, where, (read) => ({
    factor: read.number('factor', 1, Number.MAX_VALUE) ?? 6,
    after: read.integer('after', 1) ?? 50,
  }));
}

function readCounts(value: unknown, where: string): readonly number[] {
  const counts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (counts.length === 0) throw new ConfigError({ where, expected: 'at least one count', got: '[]' });
  for (const count of counts) checkIterations(count as number, where);
  return counts as readonly number[];
}
