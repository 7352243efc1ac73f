/** Whether a model's weights are those that its config asks for. */
import type { CheckpointError } from '@yoco-u/spec';
import { failure, listNames, quote } from './fail.ts';

/** A tensor that a model needs. */
export interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What is checked; a `ModelFolder` is one. */
export interface CheckedTensors {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
}

/** Throws one `CheckpointError` that counts and lists all missing, extra and wrongly shaped tensors, if there are any. */
export function checkTensors(expected: Iterable<ExpectedTensor>, folder: CheckedTensors): void {
  const wanted = new Map(Array.from(expected, ({ name, shape }) => [name, shape]));
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const [name, shape] of wanted) {
    const found = folder.tensors.get(name);
    if (found === undefined) missing.push(quote(name));
    else if (!isSameShape(shape, found.shape)) misshapen.push(`${quote(name)} [${found.shape}] instead of [${shape}]`);
  }
  const extra = [...folder.tensors.keys()].filter((name) => !wanted.has(name)).map(quote);
  if (missing.length + misshapen.length + extra.length > 0)
    throw mismatch(folder.name, wanted.size, missing, extra, misshapen);
}

function mismatch(
  where: string,
  wanted: number,
  missing: readonly string[],
  extra: readonly string[],
  misshapen: readonly string[],
): CheckpointError {
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`${missing.length} missing (${listNames(missing)})`);
  if (extra.length > 0) parts.push(`${extra.length} extra (${listNames(extra)})`);
  if (misshapen.length > 0) parts.push(`${misshapen.length} of another shape (${listNames(misshapen)})`);
  const onlyShapes = missing.length + extra.length === 0;
  return failure({
    where,
    expected: `the ${wanted} tensors of its config`,
    got: parts.join(', '),
    fix: onlyShapes
      ? 'correct the sizes in config.json: config and weights belong to different models'
      : 'config and weights belong to different models: correct config.json, or import the weights if they come from another system',
  });
}

function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
