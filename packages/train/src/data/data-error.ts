/** Errors about the text that a model is to be trained on. */

import { type ErrorFacts, YocoError } from '@yoco-u/spec';

/** Text that cannot be used: missing, empty, binary, not UTF-8, damaged, or too short. */
export class DataError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('data', facts, options);
  }
}

/** What went wrong below, in the words of who says so. */
export function describeCause(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
