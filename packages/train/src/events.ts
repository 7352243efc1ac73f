/** What a training run tells. */
import type { ModelConfig } from '@yoco-u/model';
import type { RunConfig } from './run-config.ts';
import type { TrainState } from './train-state.ts';
import type { TrainingMemory } from './training-programs.ts';

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
  readonly memory: TrainingMemory & {
    /** A copy of the weights that samples take; their caches are not counted. */
    readonly samples: number;
    /** Of the JavaScript engine, on average of runs that were measured; 0 where it cannot be known. */
    readonly runtime: number;
    /** What the process holds already, text and tokenizer included: the total comes on top of it. 0 where it cannot be known. */
    readonly process: number;
  };
}

/** One step was taken, or left out. */
export interface StepEvent {
  readonly type: 'step';
  /** Counts from 1. */
  readonly step: number;
  /** Mean −ln p a token, before the update. */
  readonly loss: number;
  /** Over the text of this step. */
  readonly bitsPerByte: number;
  readonly learningRate: number;
  /** Of the mean gradient, before clipping. */
  readonly gradientNorm: number;
  /** Applications of the first self stage in this step. */
  readonly iterations: number;
  /** The norm was an outlier: no update was made. */
  readonly skipped: boolean;
  /** Tokens trained on so far. */
  readonly tokens: number;
  /** Of this step. */
  readonly seconds: number;
  readonly tokensPerSecond: number;
  /** Of the model, by formula: three times the forward cost. */
  readonly flopsPerSecond: number;
  /** Of the limit that was passed in; undefined without one. */
  readonly flopShare: number | undefined;
  /** Until the last step, at the mean speed so far, validation and checkpoints included. */
  readonly secondsLeft: number;
}

export interface ValidationResult {
  readonly iterations: number;
  readonly loss: number;
  readonly bitsPerByte: number;
}

export interface ValidationEvent {
  readonly type: 'validation';
  readonly step: number;
  /** One for every iteration count that was asked for. */
  readonly results: readonly ValidationResult[];
  readonly seconds: number;
}

export interface TextSample {
  readonly prompt: string;
  readonly text: string;
}

export interface SampleEvent {
  readonly type: 'sample';
  readonly step: number;
  readonly samples: readonly TextSample[];
}

/** The moment to save: weights and moments stand still until the next event is asked for. */
export interface SaveEvent {
  readonly type: 'save';
  readonly step: number;
  readonly state: TrainState;
  /** Mean validation loss at this step, over all iteration counts; undefined where none was measured. */
  readonly validationLoss: number | undefined;
}

export interface EndEvent {
  readonly type: 'end';
  readonly step: number;
  /** `done`: all steps; `stop`: those asked for this time; `abort`: the signal. */
  readonly reason: 'done' | 'stop' | 'abort';
}

export type TrainEvent = StepEvent | ValidationEvent | SampleEvent | SaveEvent | EndEvent;
