/** What went wrong when a loss or gradient stops being a number. */
import { gradientName } from '@yoco-u/model';
import { YocoError } from '@yoco-u/spec';
import type { Trainer } from './trainer.ts';

export interface DivergenceFacts {
  /** The step that could not be taken. */
  readonly step: number;
  readonly what: 'loss' | 'gradient norm' | 'weights';
  readonly value: number;
  /** The first tensor that holds NaN or Infinity: a weight, in the order of the forward pass, or a gradient, in that of the backward pass. */
  readonly tensor: string | undefined;
  /** Step of the last checkpoint that was written. */
  readonly lastSaved: number | undefined;
}

/** A loss, gradient or weight that is NaN or infinite. Nothing was updated in this step; checkpoints before it are good. */
export class DivergenceError extends YocoError {
  readonly step: number;
  readonly tensor: string | undefined;
  readonly lastSaved: number | undefined;

  constructor(facts: DivergenceFacts) {
    const tensor = facts.tensor === undefined ? '' : ` (first in ${facts.tensor})`;
    const from = facts.lastSaved === undefined ? 'start again' : `go on from the checkpoint of step ${facts.lastSaved}`;
    super('divergence', {
      where: `step ${facts.step}: ${facts.what}`,
      expected: 'finite numbers',
      got: `${facts.value}${tensor}`,
      fix: `${from} with a lower learning rate or a longer warm-up`,
    });
    this.step = facts.step;
    this.tensor = facts.tensor;
    this.lastSaved = facts.lastSaved;
  }
}

/** Name of the first weight, or else gradient, that is not finite. Weights come first: what they hold, gradients inherit. */
export async function findNonFinite(trainer: Trainer): Promise<string | undefined> {
  const gradients = trainer.weightNames.map(gradientName).reverse();
  for (const name of [...trainer.weightNames, ...gradients]) {
    if (!isFiniteTensor(await trainer.read(name))) return name;
  }
  return undefined;
}

export function isFiniteTensor(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
