/** Gradients of a golden folder: every tensor of the model, of the mean loss over all rows. */
import { gradientName, type ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer } from '@yoco-u/spec';
import { type CheckResult, createResults, type ResultListener } from './check-result.ts';
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
export async function runGradientChecks(
  subject: Subject,
  tolerance: number,
  listener?: ResultListener,
): Promise<readonly CheckResult[]> {
  const results = createResults(listener);
  const { backend, config, parameters, golden, gradients } = subject;
  const trainer = await trainerFor({ backend, config, parameters, batch: golden });
  const item = `gradients of ${gradients.size} tensors`;
  if (typeof trainer === 'string') {
    await results.add({ item, skipped: trainer });
    return results.all;
  }
  using held = trainer;
  const add = (what: string, error: number) => results.add({ item: what, error, pass: error <= tolerance });
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
  await add('loss, training program', tensorError([await held.accumulate(golden)], [golden.loss], golden.largest));
  const once = await worst(1);
  await add(`${item}, worst ${once.name}`, once.error);
  await held.accumulate(golden);
  const twice = await worst(2);
  await add(`gradients added up over two runs, worst ${twice.name}`, twice.error);
  return results.all;
}
