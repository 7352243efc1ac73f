/** Gradients of a golden folder: every tensor of the model, of the mean loss over all rows. */
import { gradientName, type ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer } from '@yoco-u/spec';
import type { CheckResult } from './check-result.ts';
import type { Golden } from './golden.ts';
import { magnitude, tensorError } from './tensor-error.ts';
import { trainerFor } from './trainer-for.ts';

interface Subject {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  readonly golden: Pick<Golden, 'tokens' | 'targets' | 'loss' | 'largest'>;
  /** Recorded gradients by parameter. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** The training program's loss, and the worst of all gradients: once, and added up over two runs. */
export async function runGradientChecks(subject: Subject, tolerance: number): Promise<readonly CheckResult[]> {
  const { backend, config, parameters, golden, gradients } = subject;
  const trainer = await trainerFor({ backend, config, parameters, batch: golden });
  const item = `gradients of ${gradients.size} tensors`;
  if (typeof trainer === 'string') return [{ item, skipped: trainer }];
  using held = trainer;
  const results: CheckResult[] = [];
  const add = (what: string, error: number): void => {
    results.push({ item: what, error, pass: error <= tolerance });
  };
  const worst = async (times: number): Promise<{ readonly name: string; readonly error: number }> => {
    const largest = Math.max(...Array.from(gradients.values(), magnitude));
    let found = { name: 'none', error: gradients.size === 0 ? Number.POSITIVE_INFINITY : 0 };
    for (const name of Object.keys(parameters)) {
      const got = (await held.read(gradientName(name))).map((value) => value / times);
      const expected = gradients.get(name);
      const error = expected === undefined ? Number.POSITIVE_INFINITY : tensorError(got, expected, largest);
      if (error >= found.error) found = { name, error };
    }
    return found;
  };
  add('loss, training program', tensorError([await held.accumulate(golden)], [golden.loss], golden.largest));
  const once = await worst(1);
  add(`${item}, worst ${once.name}`, once.error);
  await held.accumulate(golden);
  const twice = await worst(2);
  add(`gradients added up over two runs, worst ${twice.name}`, twice.error);
  return results;
}
