/** Repetition penalty: Keskar et al., "CTRL" (2019), in the form Hugging Face's `RepetitionPenaltyLogitsProcessor` gave it. */
import type { LogitProcessor } from '@yoco-u/spec';
import { requireNumber } from './require-number.ts';

export interface RepetitionPenaltyOptions {
  /** How many of the latest ids, prompt included, count as seen; an integer of at least 1. The whole context by default. */
  readonly lastN?: number;
}

/**
 * Makes every id of the context less likely, once however often it occurs: a positive logit is divided by `penalty`, a negative
 * one multiplied. Above 1 discourages repetition, below 1 encourages it. Throws `RequestError` unless `penalty` is above 0.
 */
export function repetitionPenalty(penalty: number, options: RepetitionPenaltyOptions = {}): LogitProcessor {
  requireNumber('repetitionPenalty', 'penalty', penalty, { above: 0 });
  const lastN = options.lastN ?? Number.MAX_SAFE_INTEGER;
  requireNumber('repetitionPenalty', 'lastN', lastN, { minimum: 1, integer: true });
  // An id was seen in this step if its mark is the step's number, so nothing needs clearing between steps.
  let marks = new Uint32Array(0);
  let step = 0;
  return {
    name: 'repetition_penalty',
    apply(candidates, context) {
      if (penalty === 1) return;
      const seen = context.ids;
      if (step === 0xffffffff) {
        marks.fill(0);
        step = 0;
      }
      step++;
      for (let i = Math.max(0, seen.length - lastN); i < seen.length; i++) {
        const id = seen[i];
        if (id >= marks.length) marks = grown(marks, Math.max(id + 1, candidates.ids.length));
        marks[id] = step;
      }
      const { ids, logits, size } = candidates;
      for (let i = 0; i < size; i++) {
        if (marks[ids[i]] === step) logits[i] = logits[i] < 0 ? logits[i] * penalty : logits[i] / penalty;
      }
      candidates.sorted = false;
    },
  };
}

function grown(marks: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(marks);
  return larger;
}
