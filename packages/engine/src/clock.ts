/** When the phases of a generation began and ended. */
import type { Timings } from '@yoco-u/spec';

export function createClock() {
  const now = (): number => performance.now();
  const created = now();
  let started = created;
  let prefilled: number | undefined;
  let first: number | undefined;
  let last = created;
  return {
    start: () => {
      started = now();
    },
    prefilled: () => {
      prefilled = now();
    },
    token: () => {
      last = now();
      first ??= last;
    },
    /** `promptTokens` are those computed. */
    timings(promptTokens: number, completionTokens: number): Timings {
      const prefillMs = (prefilled ?? now()) - started;
      // the first token falls out of the prefill: decoding begins behind it
      const decodeMs = first === undefined ? 0 : last - first;
      return {
        prefillMs,
        decodeMs,
        firstTokenMs: (first ?? now()) - created,
        prefillTokensPerSecond: rate(promptTokens, prefillMs),
        decodeTokensPerSecond: rate(completionTokens - 1, decodeMs),
      };
    },
  };
}

function rate(tokens: number, milliseconds: number): number {
  return milliseconds > 0 ? (tokens * 1000) / milliseconds : 0;
}
