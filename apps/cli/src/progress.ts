/** One line of progress on a terminal's standard error; silent where there is no terminal, and for the first second. */

export interface Progress {
  update(done: number, total: number): void;
  end(): void;
}

const quietMs = 1000;
const intervalMs = 100;

/** Whether the terminal's line holds progress. */
let shown = false;

/** Frees the line for what is written next; for whoever reports that a command failed on the way. */
export function clearProgress(): void {
  if (shown) process.stderr.write('\r\u001b[K');
  shown = false;
}

export function createProgress(label: string, unit: 'bytes' | 'tokens' | 'runs' | 'shaders'): Progress {
  const began = performance.now();
  let last = 0;
  const format = (value: number): string =>
    unit === 'bytes' ? `${(value / 2 ** 20).toFixed(1)} MiB` : `${value} ${unit}`;
  return {
    update(done, total) {
      const now = performance.now();
      if (process.stderr.isTTY !== true || now - began < quietMs || now - last < intervalMs) return;
      last = now;
      shown = true;
      const share = total > 0 ? Math.floor((100 * done) / total) : 0;
      process.stderr.write(`\r\u001b[K${label}: ${share}% (${format(done)} of ${format(total)})`);
    },
    end: clearProgress,
  };
}

/** A line for what begins and ends by itself, again and again: shaders that are compiled. */
export function createCompileProgress(): (done: number, total: number) => void {
  let current: Progress | undefined;
  return (done, total) => {
    current ??= createProgress('compiling', 'shaders');
    current.update(done, total);
    if (done < total) return;
    current.end();
    current = undefined;
  };
}
