/** What a recipe prints of a run: the plan, a line every ten seconds with the time left, and what was measured on the way. */
import type { RunEvent } from '@yoco-u/train/node';
import { formatCount, formatDuration, formatMebibytes } from './figures.ts';

const intervalMs = 10_000;

export function createRunOutput(print: (line: string) => void = console.log): (event: RunEvent) => void {
  let shown = Number.NEGATIVE_INFINITY;
  let steps = 0;
  return (event) => {
    switch (event.type) {
      case 'plan': {
        const { parameters, flopsPerToken, tokens, memory, data, config } = event;
        steps = config.steps;
        print(
          `${formatCount(parameters)} parameters, ${formatCount(flopsPerToken)}FLOP a token of training, ${formatMebibytes(memory.total)}`,
        );
        print(
          `${steps} steps, ${formatCount(tokens)} tokens of ${formatCount(data.trainTokens)}, ${formatCount(flopsPerToken * tokens)}FLOP in all${event.step > 0 ? `; goes on after step ${event.step}` : ''}`,
        );
        break;
      }
      case 'step': {
        const now = performance.now();
        if (now - shown < intervalMs && event.step !== steps) break;
        shown = now;
        print(
          `step ${event.step}/${steps} · loss ${event.loss.toFixed(4)} · T = ${event.iterations} · ${formatCount(event.flopsPerSecond)}FLOP/s · ${formatDuration(event.secondsLeft)} left`,
        );
        break;
      }
      case 'validation': {
        const figures = event.results.map(
          ({ iterations, bitsPerByte }) => `T = ${iterations} ${bitsPerByte.toFixed(4)}`,
        );
        print(`held out, bits per byte: ${figures.join(', ')}`);
      }
    }
  };
}
