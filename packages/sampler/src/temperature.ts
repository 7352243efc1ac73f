/** Temperature: flattens (above 1) or sharpens (below 1) the distribution. */
import type { LogitProcessor } from '@yoco-u/spec';
import { requireNumber } from './require-number.ts';
import { greatestLogit, keepBest } from './selection.ts';

/**
 * Divides logits by `value`, a finite number of at least 0; 0 keeps only the best candidate (the lowest id among equals).
 * Throws `RequestError` for another value.
 */
export function temperature(value: number): LogitProcessor {
  requireNumber('temperature', 'value', value, { minimum: 0 });
  return {
    name: 'temperature',
    ...(value === 0 ? { keepsBest: 1 } : {}),
    apply(candidates) {
      if (value === 1) return;
      if (value === 0) {
        keepBest(candidates, 1);
        return;
      }
      const { logits, size } = candidates;
      const greatest = greatestLogit(candidates);
      // A tiny temperature can push the best logit past float32; measured from the best one, logits only shift, which no
      // probability notices.
      const origin = Number.isFinite(Math.fround(greatest / value)) ? 0 : greatest;
      for (let i = 0; i < size; i++) logits[i] = (logits[i] - origin) / value;
    },
  };
}
