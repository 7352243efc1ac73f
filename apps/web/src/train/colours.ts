/** Colours of curves, told apart in both appearances. */

/** A run keeps its colour; after six they begin again. */
export function colourOf(run: number): string {
  return `var(--curve-${(run - 1) % 6})`;
}
