/** Top-p, or nucleus sampling: Holtzman et al., "The Curious Case of Neural Text Degeneration" (2019). */
import type { LogitProcessor } from '@yoco-u/spec';
import { requireNumber } from './require-number.ts';
import { keepMass } from './selection.ts';

/**
 * Keeps the smallest set of best candidates whose probability, among the candidates it is given, reaches `mass`: a number
 * from 0 (only the best one) to 1 (all). Throws `RequestError` for another mass.
 */
export function topP(mass: number): LogitProcessor {
  requireNumber('topP', 'mass', mass, { minimum: 0, maximum: 1 });
  return {
    name: 'top_p',
    apply(candidates) {
      if (mass < 1) keepMass(candidates, mass);
    },
  };
}
