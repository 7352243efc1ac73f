/** Min-p: Nguyen et al., "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs" (2024). */
import type { LogitProcessor } from '@yoco-u/spec';
import { exponential } from './exponential.ts';
import { requireNumber } from './require-number.ts';
import { greatestLogit } from './selection.ts';

/**
 * Keeps candidates at least `share` times as probable as the best one: a number from 0 (all) to 1 (only the best and its
 * equals). Throws `RequestError` for another share.
 */
export function minP(share: number): LogitProcessor {
  requireNumber('minP', 'share', share, { minimum: 0, maximum: 1 });
  return {
    name: 'min_p',
    apply(candidates) {
      if (share === 0) return;
      const { ids, logits, size } = candidates;
      const greatest = greatestLogit(candidates);
      let kept = 0;
      for (let i = 0; i < size; i++) {
        if (exponential(logits[i] - greatest) < share) continue;
        ids[kept] = ids[i];
        logits[kept] = logits[i];
        kept++;
      }
      candidates.size = kept;
    },
  };
}
