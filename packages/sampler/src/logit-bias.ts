/** Logit bias: OpenAI's `logit_bias`. */
import { type LogitProcessor, RequestError } from '@yoco-u/spec';
import { requireNumber } from './require-number.ts';

/** Throws `RequestError` unless every key is an id (an integer from 0 on) and every value a finite number. */
export function checkBias(bias: Readonly<Record<number, number>>): void {
  const where = 'sampling settings: logitBias';
  if (typeof bias !== 'object' || bias === null) {
    throw new RequestError({ where, expected: 'numbers by token id', got: `${bias}` });
  }
  for (const [key, value] of Object.entries(bias)) {
    if (!/^(0|[1-9]\d{0,8})$/.test(key)) {
      throw new RequestError({ where, expected: 'token ids as keys', got: JSON.stringify(key.slice(0, 40)) });
    }
    requireNumber(where, key, value, { fix: 'use -100 to rule a token out, 100 to force it' });
  }
}

/**
 * Adds to the logits of some ids. Throws `RequestError` for a key that is no id or a value that is not finite, and when
 * applied, for an id that the vocabulary does not have.
 */
export function logitBias(bias: Readonly<Record<number, number>>): LogitProcessor {
  checkBias(bias);
  const entries = Object.entries(bias).map(([id, value]) => [Number(id), value] as const);
  const greatest = entries.reduce((most, [id]) => Math.max(most, id), -1);
  // by id, made when the vocabulary's size is first seen
  let added = new Float32Array(0);
  return {
    name: 'logit_bias',
    apply(candidates) {
      const { ids, logits, size } = candidates;
      if (added.length !== ids.length) {
        if (greatest >= ids.length) {
          const expected = `ids from 0 to ${ids.length - 1}`;
          throw new RequestError({ where: 'sampling settings: logitBias', expected, got: `${greatest}` });
        }
        added = new Float32Array(ids.length);
        for (const [id, value] of entries) added[id] = value;
      }
      for (let i = 0; i < size; i++) logits[i] += added[ids[i]];
      candidates.sorted = false;
    },
  };
}
