/** How often the first self stage is applied in a step: always the same, or drawn for each step. */
import { ConfigError } from '@yoco-u/spec';
import { createRandom } from './data/random.ts';

/** A count, or a uniform draw a step from `from` to `to`, both included: one set of weights then serves several depths. */
export type IterationChoice = number | { readonly from: number; readonly to: number };

/** Every count that a run may train at, ascending. */
export function possibleIterations(choice: IterationChoice): readonly number[] {
  if (typeof choice === 'number') return [choice];
  return Array.from({ length: choice.to - choice.from + 1 }, (_, index) => choice.from + index);
}

/** The count of a step: depends on seed and step alone, so that a resumed run draws the same. */
export function drawIterations(choice: IterationChoice, seed: number, step: number): number {
  if (typeof choice === 'number') return choice;
  // a stream of its own, apart from those that order documents by the same seed
  return choice.from + createRandom(seed, -1 - step)(choice.to - choice.from + 1);
}

/** Throws `ConfigError` for counts that no stage can have. */
export function checkIterations(choice: IterationChoice, where = 'iterations'): void {
  const range = typeof choice === 'number' ? { from: choice, to: choice } : choice;
  const valid = Number.isInteger(range.from) && Number.isInteger(range.to) && range.from >= 1 && range.to >= range.from;
  if (valid && range.to <= 64) return;
  throw new ConfigError({
    where,
    expected: 'an integer from 1 to 64, or { "from": …, "to": … } of two such, ascending',
    got: JSON.stringify(choice),
  });
}
