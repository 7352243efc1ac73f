/** What the page and a training worker say to each other. All of it is structured-cloneable. */
import type { EndEvent, PlanEvent, SampleEvent, StepEvent, TextRunRequest, ValidationEvent } from '@yoco-u/train';

export interface TrainingSettings {
  readonly text: string;
  readonly request: TextRunRequest;
  readonly backend: 'wasm' | 'webgpu';
}

/** The parsed model holds functions. */
export type RunPlan = Omit<PlanEvent, 'model'>;

export type TrainingEvent = RunPlan | StepEvent | ValidationEvent | SampleEvent | EndEvent;

/** A model folder by file name. */
export type ModelFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

export type ToTraining =
  /** The first message; one run a worker. */
  | { readonly kind: 'start'; readonly settings: TrainingSettings }
  | { readonly kind: 'pause' | 'go' | 'stop' }
  /** Asks for the model as it is, paused or not. */
  | { readonly kind: 'files' };

export type FromTraining =
  | { readonly kind: 'device'; readonly description: string }
  /** Tokens of the tokenizer that are learned. */
  | { readonly kind: 'learning'; readonly done: number; readonly total: number }
  | { readonly kind: 'event'; readonly event: TrainingEvent }
  | { readonly kind: 'files'; readonly files: ModelFiles }
  /** The last message of a run that ended, after its files. */
  | { readonly kind: 'ended' }
  /** The last message of one that could not go on. */
  | { readonly kind: 'failed'; readonly message: string };
