/** Runs one after the other, each from the weights of the one before; goes on where it was interrupted. */
import { join, resolve } from 'node:path';
import type { Backend } from '@yoco-u/spec';
import type { RunRequest } from '@yoco-u/train';
import { createCheckpoints, type RunEvent, readRun, runTraining } from '@yoco-u/train/node';
import { builtInAttention } from '@yoco-u/yoco-u';

export interface PhaseOptions {
  readonly phases: readonly RunRequest[];
  readonly data: readonly string[];
  readonly validationData: readonly string[] | undefined;
  readonly out: string;
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent, phase: number) => void;
}

/** Where the run of a phase lies, counted from 0. */
export function phaseFolder(out: string, phase: number): string {
  return resolve(out, `phase-${phase + 1}`);
}

/** Gives the folders of the runs. Rejects with the signal's reason once it is aborted, and as `runTraining` does. */
export async function trainPhases(options: PhaseOptions): Promise<readonly string[]> {
  const { phases, data, validationData, out, backend, signal, onEvent } = options;
  for (const [phase, settings] of phases.entries()) {
    const folder = phaseFolder(out, phase);
    if (await isDone(folder)) continue;
    const request = {
      ...settings,
      data,
      ...(validationData === undefined ? {} : { validationData }),
      ...(phase === 0 ? {} : { initialModel: phaseFolder(out, phase - 1) }),
    };
    const shared = { folder, request, resume: 'auto', backend, registry: builtInAttention, signal } as const;
    for await (const event of runTraining({ ...shared, cacheFolder: join(out, 'data') })) onEvent(event, phase);
    signal.throwIfAborted();
  }
  return phases.map((_, phase) => phaseFolder(out, phase));
}

async function isDone(folder: string): Promise<boolean> {
  const saved = await readRun(folder);
  if (saved === undefined) return false;
  const files = { model: {}, tokenizerJson: '' };
  const latest = await createCheckpoints(join(folder, 'checkpoints'), files, saved.config.checkpoints.keep).latest();
  return latest === saved.config.steps;
}
