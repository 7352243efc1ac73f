/** Frequency and presence penalty: OpenAI's, over what was generated. */
import type { LogitProcessor } from '@yoco-u/spec';
import { requireNumber } from './require-number.ts';

export interface OccurrencePenaltyOptions {
  /** Taken off for each time that an id occurs. 0 by default. */
  readonly frequency?: number;
  /** Taken off once for every id that occurs. 0 by default. */
  readonly presence?: number;
}

/**
 * Lowers the logits of ids that were generated; the prompt does not count. Negative penalties raise them. Throws
 * `RequestError` for a penalty that is not finite.
 */
export function occurrencePenalty({ frequency = 0, presence = 0 }: OccurrencePenaltyOptions): LogitProcessor {
  requireNumber('occurrencePenalty', 'frequency', frequency, {});
  requireNumber('occurrencePenalty', 'presence', presence, {});
  // all zeros between steps
  let counts = new Uint32Array(0);
  return {
    name: 'occurrence_penalty',
    apply(candidates, context) {
      const { ids, logits, size } = candidates;
      if (counts.length !== ids.length) counts = new Uint32Array(ids.length);
      const seen = context.ids;
      for (let i = context.promptLength; i < seen.length; i++) counts[seen[i]]++;
      for (let i = 0; i < size; i++) {
        const count = counts[ids[i]];
        if (count > 0) logits[i] -= count * frequency + presence;
      }
      for (let i = context.promptLength; i < seen.length; i++) counts[seen[i]] = 0;
      candidates.sorted = false;
    },
  };
}
