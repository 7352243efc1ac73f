/** One model in training, as it gets on. */
import type { StepEvent, TextSample } from '@yoco-u/train';
import type { Architecture, LowerHalf, RunChoice } from './architectures.ts';
import type { FromTraining, ModelFiles, RunPlan, ToTraining, TrainingEvent, TrainingSettings } from './protocol.ts';

export type RunStatus = 'preparing' | 'training' | 'paused' | 'finished' | 'stopped' | 'failed';

export interface CurvePoint {
  /** Spent on training so far. */
  readonly flops: number;
  readonly bitsPerByte: number;
}

export interface TrainingRun {
  readonly id: number;
  readonly architecture: Architecture;
  readonly lowerHalf: LowerHalf;
  readonly iterations: number;
  readonly status: RunStatus;
  /** Where it runs; empty until that is known. */
  readonly device: string;
  /** Share of the tokenizer that is learned. */
  readonly learned: number;
  readonly plan: RunPlan | undefined;
  readonly last: StepEvent | undefined;
  /** Training loss, a running mean. */
  readonly curve: readonly CurvePoint[];
  readonly validations: readonly CurvePoint[];
  readonly samples: readonly TextSample[];
  readonly problem: string | undefined;
  /** Resolves when it is over, however it ended. */
  readonly done: Promise<void>;
  pause(): void;
  goOn(): void;
  /** Ends it after the step that is under way; its model stays. */
  stop(): void;
  /** The model as it is now. Undefined for a run that never began. */
  files(): Promise<ModelFiles | undefined>;
}

/** Steps that the running mean is over. */
const smoothedSteps = 10;
/** More than a chart can show, and few enough to be put in order and drawn with every step. */
const mostPoints = 1000;
let count = 0;

/** Starts a worker that trains; it ends with the run. What arrives between two frames is shown with the next one. */
export function startTrainingRun(choice: RunChoice, settings: TrainingSettings): TrainingRun {
  const worker = new Worker(new URL('./training-worker.ts', import.meta.url), {
    type: 'module',
    name: 'yoco-u-training',
  });
  const send = (message: ToTraining): void => worker.postMessage(message);
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let status = $state<RunStatus>('preparing');
  let device = $state('');
  let learned = $state(0);
  let plan = $state.raw<RunPlan>();
  let last = $state.raw<StepEvent>();
  let curve = $state.raw<readonly CurvePoint[]>([]);
  let validations = $state.raw<readonly CurvePoint[]>([]);
  let samples = $state.raw<readonly TextSample[]>([]);
  let problem = $state<string>();
  let stopped = false;
  let kept: ModelFiles | undefined;
  let asked: ((files: ModelFiles | undefined) => void)[] = [];
  const points: CurvePoint[] = [];
  let newest: StepEvent | undefined;
  let mean = 0;
  let frame: number | undefined;

  const show = (): void => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
    curve = points.slice();
    last = newest;
  };
  const answer = (): void => {
    for (const resolve of asked) resolve(kept);
    asked = [];
  };
  const end = (how: RunStatus): void => {
    show();
    status = how;
    worker.terminate();
    answer();
    finish();
  };
  const fail = (message: string): void => {
    problem = message;
    end('failed');
  };
  const isPoint = (step: number): boolean => {
    const steps = plan?.config.steps ?? 0;
    return step % Math.max(1, Math.ceil(steps / mostPoints)) === 0 || step === steps;
  };
  const take = (event: TrainingEvent): void => {
    const flopsAt = (tokens: number): number => (plan?.flopsPerToken ?? 0) * tokens;
    switch (event.type) {
      case 'plan':
        plan = event;
        status = status === 'paused' ? status : 'training';
        break;
      case 'step':
        newest = event;
        mean += (event.bitsPerByte - mean) / Math.min(event.step, smoothedSteps);
        if (isPoint(event.step)) points.push({ flops: flopsAt(event.tokens), bitsPerByte: mean });
        frame ??= requestAnimationFrame(show);
        break;
      case 'validation': {
        const { bitsPerByte } = event.results[0]!;
        validations = [...validations, { flops: flopsAt(newest?.tokens ?? 0), bitsPerByte }];
        break;
      }
      case 'sample':
        samples = event.samples;
        break;
      case 'end':
        stopped = event.reason !== 'done';
    }
  };
  worker.addEventListener('message', ({ data }: MessageEvent<FromTraining>) => {
    if (data.kind === 'device') device = data.description;
    else if (data.kind === 'learning') learned = data.total > 0 ? data.done / data.total : 0;
    else if (data.kind === 'event') take(data.event);
    else if (data.kind === 'files') {
      kept = data.files;
      answer();
    } else if (data.kind === 'failed') fail(data.message);
    else end(stopped || kept === undefined ? 'stopped' : 'finished');
  });
  worker.addEventListener('error', (event) => fail(event.message || 'the worker ended'));
  send({ kind: 'start', settings });

  return {
    id: ++count,
    architecture: choice.architecture,
    lowerHalf: choice.lowerHalf,
    iterations: choice.architecture === 'yoco_u' ? choice.iterations : 1,
    done,
    get status() {
      return status;
    },
    get device() {
      return device;
    },
    get learned() {
      return learned;
    },
    get plan() {
      return plan;
    },
    get last() {
      return last;
    },
    get curve() {
      return curve;
    },
    get validations() {
      return validations;
    },
    get samples() {
      return samples;
    },
    get problem() {
      return problem;
    },
    pause() {
      if (isOver(status)) return;
      status = 'paused';
      send({ kind: 'pause' });
    },
    goOn() {
      if (status !== 'paused') return;
      status = plan === undefined ? 'preparing' : 'training';
      send({ kind: 'go' });
    },
    stop: () => send({ kind: 'stop' }),
    files() {
      if (isOver(status) || plan === undefined) return Promise.resolve(kept);
      send({ kind: 'files' });
      return new Promise((resolve) => asked.push(resolve));
    },
  };
}

export function isOver(status: RunStatus): boolean {
  return status === 'finished' || status === 'stopped' || status === 'failed';
}
