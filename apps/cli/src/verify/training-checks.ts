/** Training steps of a golden folder: losses, gradient norms and the weights after them. */
import type { ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer } from '@yoco-u/spec';
import { type CheckResult, createResults, type ResultListener } from './check-result.ts';
import type { GoldenTraining } from './golden-training.ts';
import { magnitude } from './tensor-error.ts';
import { trainerFor } from './trainer-for.ts';

interface Subject {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  readonly golden: GoldenTraining;
}

/**
 * Bounds besides the tolerance of losses: AdamW turns a gradient near zero into a full step, so that a few weights may
 * differ much.
 */
const normTolerance = 1e-3;
const weightTolerance = 2e-3;
const weightShare = 0.999;

/** Losses relative to `tolerance`. */
export async function runTrainingChecks(
  subject: Subject,
  tolerance: number,
  listener?: ResultListener,
): Promise<readonly CheckResult[]> {
  const results = createResults(listener);
  const { backend, config, parameters, golden } = subject;
  const [first] = golden.batches;
  const steps = `${golden.batches.length} AdamW steps`;
  const { learningRate, clip, ...adamw } = golden.adamw;
  const optimizer = { kind: 'adamw', ...adamw } as const;
  const trainer = await trainerFor({ backend, config, parameters, batch: first!, optimizer, clip });
  if (typeof trainer === 'string') {
    await results.add({ item: steps, skipped: trainer });
    return results.all;
  }
  using held = trainer;
  let lossError = 0;
  let normError = 0;
  for (const [index, batch] of golden.batches.entries()) {
    const loss = await held.accumulate(batch);
    const norm = await held.update({ update: index + 1, learningRate, runs: 1 });
    lossError = Math.max(lossError, differenceOf(loss, golden.losses[index]!, golden.losses[index]!));
    normError = Math.max(normError, differenceOf(norm, golden.norms[index]!, golden.norms[index]!));
  }
  const errors: number[] = [];
  for (const [name, expected] of golden.after) {
    const got = await held.read(name);
    const largest = magnitude(expected);
    expected.forEach((value, i) => {
      errors.push(differenceOf(got[i]!, value, largest));
    });
  }
  errors.sort((a, b) => a - b);
  const weightError = errors[Math.ceil(weightShare * errors.length) - 1] ?? Number.POSITIVE_INFINITY;
  const add = (item: string, error: number, most: number) => results.add({ item, error, pass: error <= most });
  await add(`losses of ${steps}`, lossError, tolerance);
  await add(`gradient norms before clipping, within ${normTolerance}`, normError, normTolerance);
  const weights = `${100 * weightShare} % of the weights after ${steps}`;
  await add(`${weights}, within ${weightTolerance}`, weightError, weightTolerance);
  return results.all;
}

/** Relative to `scale`; Infinity where got is not finite. */
function differenceOf(got: number, expected: number, scale: number): number {
  return Number.isFinite(got) ? Math.abs(got - expected) / Math.abs(scale) : Number.POSITIVE_INFINITY;
}
