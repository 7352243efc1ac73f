/** Stop strings in a stream of text: what may still become a stop string is held back. */

export interface StopMatcher {
  /** Text that is safe to show after this piece; `stopped` once a stop string is complete (it is not shown). */
  push(text: string): { readonly text: string; readonly stopped: boolean };
  /** What is still held back when generation ends for another reason. */
  flush(): string;
}

export function createStopMatcher(stops: readonly string[]): StopMatcher {
  let held = '';
  const longest = stops.reduce((most, stop) => Math.max(most, stop.length), 0);
  return {
    push(text) {
      if (longest === 0) return { text, stopped: false };
      held += text;
      let first = -1;
      for (const stop of stops) {
        const at = held.indexOf(stop);
        if (at >= 0 && (first < 0 || at < first)) first = at;
      }
      if (first >= 0) {
        const shown = held.slice(0, first);
        held = '';
        return { text: shown, stopped: true };
      }
      const keep = heldLength(held, stops, longest);
      const shown = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return { text: shown, stopped: false };
    },
    flush() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

/** Length of the longest ending of `text` that begins a stop string. */
function heldLength(text: string, stops: readonly string[], longest: number): number {
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const ending = text.slice(text.length - length);
    if (stops.some((stop) => stop.startsWith(ending))) return length;
  }
  return 0;
}
