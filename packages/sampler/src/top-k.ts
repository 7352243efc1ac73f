/** Top-k: Fan et al., "Hierarchical Neural Story Generation" (2018). */
import type { LogitProcessor } from '@yoco-u/spec';
import { requireNumber } from './require-number.ts';
import { keepBest } from './selection.ts';

/**
 * Keeps the `count` best candidates, an integer of at least 1; exactly that many, the lower ids among equal logits.
 * Throws `RequestError` for another count.
 */
export function topK(count: number): LogitProcessor {
  requireNumber('topK', 'count', count, { minimum: 1, integer: true });
  return {
    name: 'top_k',
    keepsBest: count,
    apply(candidates) {
      if (count < candidates.size) keepBest(candidates, count);
    },
  };
}
