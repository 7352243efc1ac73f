/** The runs of a visit: one at a time, so that each has the machine to itself. */
import { type Architecture, architectures, type RunChoice, requestFor, stepsAtEqualFlops } from './architectures.ts';
import type { TrainingSettings } from './protocol.ts';
import { isOver, startTrainingRun, type TrainingRun } from './training-run.svelte.ts';

export type LaboratorySettings = Pick<TrainingSettings, 'text' | 'backend'>;

export interface Laboratory {
  /** The first first. */
  readonly runs: readonly TrainingRun[];
  /** The one under way, or the last. */
  readonly current: TrainingRun | undefined;
  readonly busy: boolean;
  /** Architectures that a comparison has still to train. */
  readonly waiting: readonly Architecture[];
  /** Trains one model. */
  train(choice: RunChoice, settings: LaboratorySettings): Promise<void>;
  /** Trains YOCO-U, then each of the others for as many FLOPs. Ends with a run that is stopped or fails. */
  compare(choice: RunChoice, settings: LaboratorySettings): Promise<void>;
  /** Forgets a run that is over. */
  remove(run: TrainingRun): void;
}

export function createLaboratory(): Laboratory {
  let runs = $state.raw<readonly TrainingRun[]>([]);
  let busy = $state(false);
  let waiting = $state.raw<readonly Architecture[]>([]);

  const start = (choice: RunChoice, settings: LaboratorySettings): TrainingRun => {
    const run = startTrainingRun(choice, { ...settings, request: requestFor(choice) });
    runs = [...runs, run];
    return run;
  };

  return {
    get runs() {
      return runs;
    },
    get current() {
      return runs.at(-1);
    },
    get busy() {
      return busy;
    },
    get waiting() {
      return waiting;
    },
    async train(choice, settings) {
      busy = true;
      await start(choice, settings).done;
      busy = false;
    },
    async compare(choice, settings) {
      busy = true;
      const [first, ...others] = architectures;
      waiting = others;
      const budget = start({ ...choice, architecture: first }, settings);
      await budget.done;
      let ended = budget.status;
      for (const architecture of others) {
        if (ended !== 'finished' || budget.plan === undefined) break;
        waiting = waiting.slice(1);
        const steps = stepsAtEqualFlops(budget.plan, architecture);
        const run = start({ ...choice, architecture, steps }, settings);
        await run.done;
        ended = run.status;
      }
      waiting = [];
      busy = false;
    },
    remove(run) {
      if (isOver(run.status)) runs = runs.filter((other) => other !== run);
    },
  };
}
