/** Best time of a call in seconds, over `seconds` of trying. */
export function bestTime(run: () => void, seconds = 0.6): number {
  let least = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) {
    let repeats = 1;
    for (;;) {
      const start = performance.now();
      for (let i = 0; i < repeats; i++) run();
      const elapsed = performance.now() - start;
      if (elapsed > 5) {
        least = Math.min(least, elapsed / repeats / 1000);
        break;
      }
      repeats *= 2;
    }
  }
  return least;
}
