/** One way to make the errors of this package, and to show untrusted names in them. */
import { CheckpointError } from '@yoco-u/spec';

export interface Failure {
  /** The file, then the tensor or key. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
  readonly fix: string;
  readonly cause?: unknown;
}

export function failure({ cause, ...facts }: Failure): CheckpointError {
  return new CheckpointError(facts, cause === undefined ? undefined : { cause });
}

/** A name as a JSON string, cut to a length that a message can hold. */
export function quote(name: string): string {
  const longest = 120;
  return JSON.stringify(name.length > longest ? `${name.slice(0, longest)}…` : name);
}

/** What a parsed JSON value is, in a few words. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? quote(value) : String(value);
}

/** Up to `most` names in full, then how many more there are. */
export function listNames(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown}, … ${names.length - most} more` : shown;
}

export const downloadAgain = 'the file is damaged or incomplete: download or write it again';
