/** What a run goes on from besides weights and moments. */
import { CheckpointError } from '@yoco-u/spec';
import type { RowStreamState } from './data/row-stream.ts';
import type { NormStatistics } from './outlier-steps.ts';

/** Plain JSON. Draws depend on seed and step, so that there is no random state besides. */
export interface TrainState {
  readonly version: 1;
  /** Steps done, those left out included. */
  readonly step: number;
  /** Updates taken. */
  readonly updates: number;
  /** Tokens trained on. */
  readonly tokens: number;
  readonly seed: number;
  readonly data: RowStreamState;
  readonly norms: NormStatistics;
}

/** Checks a state that was read from a file. Throws `CheckpointError`. */
export function parseTrainState(value: unknown, where: string): TrainState {
  const fail = (key: string, expected: string, got: unknown): never => {
    const fix = 'resume from another checkpoint';
    throw new CheckpointError({ where: `${where}: ${key}`, expected, got: JSON.stringify(got) ?? 'nothing', fix });
  };
  if (!isObject(value)) return fail('state', 'an object', value);
  if (value.version !== 1) fail('version', '1', value.version);
  for (const key of ['step', 'updates', 'tokens', 'seed']) {
    if (!Number.isSafeInteger(value[key]) || (value[key] as number) < 0) fail(key, 'an integer from 0 on', value[key]);
  }
  const { norms, data } = value;
  if (!isObject(data)) fail('data', 'an object', data);
  const valid = isObject(norms) && Number.isFinite(norms.mean) && Number.isSafeInteger(norms.count);
  if (!valid) fail('norms', 'a mean and a count', norms);
  return value as unknown as TrainState;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
