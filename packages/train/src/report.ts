/** A run as one HTML page: curves as SVG, nothing loaded from anywhere. */

import type { SampleEvent, StepEvent, ValidationEvent, ValidationResult } from './events.ts';
import { type Chart, chartColours, escapeText, groupThousands, renderChart, type Series } from './report-chart.ts';
import type { RunConfig } from './run-config.ts';

/** The newest that are shown. */
const mostSamples = 12;

type Line = { readonly type: string; readonly step: number };

/** `events` in order; those that are neither steps, validations nor samples are passed over. */
export function renderReport(events: readonly Line[], config: RunConfig): string {
  const steps = events.filter((event): event is StepEvent => event.type === 'step');
  const validations = events.filter((event): event is ValidationEvent => event.type === 'validation');
  const samples = events.filter((event): event is SampleEvent => event.type === 'sample');
  const charts: Chart[] = [
    {
      title: 'Loss (nats a token)',
      series: [
        // first, so that they have the colours of the next chart
        ...validationSeries(validations, ({ loss }) => loss),
        { name: 'training', points: steps.map(({ step, loss }) => [step, loss]), faint: true },
        { name: 'training, smoothed', points: smooth(steps.map(({ step, loss }) => [step, loss])) },
      ],
    },
    validationChart(events),
    {
      title: 'Learning rate',
      series: [{ name: 'learning rate', points: steps.map(({ step, learningRate }) => [step, learningRate]) }],
    },
    {
      title: 'Gradient norm before clipping',
      series: [
        { name: 'norm', points: steps.map(({ step, gradientNorm }) => [step, gradientNorm]), faint: true },
        { name: 'smoothed', points: smooth(steps.map(({ step, gradientNorm }) => [step, gradientNorm])) },
      ],
    },
  ];
  return page(summarize(steps, validations, config), charts, samples.slice(-mostSamples), config);
}

/** Bits per byte of the held-out text over a run, for each iteration count. */
export function validationChart(events: readonly Line[]): Chart {
  const validations = events.filter((event): event is ValidationEvent => event.type === 'validation');
  return {
    title: 'Validation (bits per byte)',
    series: validationSeries(validations, ({ bitsPerByte }) => bitsPerByte),
  };
}

/** A running mean of about a twentieth of the steps, at most 50, and of few at the start: a longer one would lag behind a fall. */
function smooth(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const window = Math.max(1, Math.min(50, Math.round(points.length / 20)));
  let mean = 0;
  return points.map(([x, y], index) => {
    mean += (y - mean) / Math.min(Math.ceil((index + 1) / 4), window);
    return [x, mean] as const;
  });
}

function validationSeries(
  validations: readonly ValidationEvent[],
  pick: (result: ValidationEvent['results'][number]) => number,
): readonly Series[] {
  const counts = [...new Set(validations.flatMap(({ results }) => results.map(({ iterations }) => iterations)))];
  return counts.map((count) => ({
    name: `validation, T = ${count}`,
    points: validations.flatMap(({ step, results }) =>
      results.filter(({ iterations }) => iterations === count).map((result) => [step, pick(result)] as const),
    ),
    dots: true,
  }));
}

function summarize(
  steps: readonly StepEvent[],
  validations: readonly ValidationEvent[],
  config: RunConfig,
): readonly (readonly [string, string])[] {
  const last = steps.at(-1);
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  const measured = validations.flatMap(({ step, results }) => results.map((result) => ({ step, ...result })));
  const best = measured.sort((a, b) => a.bitsPerByte - b.bitsPerByte)[0];
  return [
    ['steps', `${last?.step ?? 0} of ${config.steps}`],
    ['tokens', groupThousands(last?.tokens ?? 0)],
    ['time in steps', seconds < 100 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`],
    ['steps left out', `${steps.filter(({ skipped }) => skipped).length}`],
    ['best validation', best === undefined ? 'none' : describeResult(best)],
  ];
}

function describeResult({ step, iterations, bitsPerByte }: ValidationResult & { readonly step: number }): string {
  return `${bitsPerByte.toFixed(4)} bits per byte after step ${groupThousands(step)}, T = ${iterations}`;
}

const style = `
${chartColours}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
blockquote { margin: .5rem 0 1rem; padding-left: .75rem; border-left: 2px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 2rem 0 .25rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.5rem; } dt { color: var(--soft); } dd { margin: 0; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.axis { stroke: var(--line); } .faint { opacity: .3; } pre { overflow: auto; font-size: 12px; color: var(--soft); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: 13px; color: var(--soft); }
.legend i { display: inline-block; width: 1.2em; height: 3px; margin-right: .4em; vertical-align: middle; }`;

function page(
  summary: readonly (readonly [string, string])[],
  charts: readonly Chart[],
  samples: readonly SampleEvent[],
  config: RunConfig,
): string {
  const facts = summary.map(([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd>`).join('');
  const drawn = charts.map(renderChart).join('\n');
  const written = samples.flatMap(({ step, samples: texts }) => texts.map((sample) => quote(step, sample)));
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Training run</title><style>${style}</style></head>
<body>
<h1>Training run</h1>
<dl>${facts}</dl>
${drawn}
${written.length === 0 ? '' : `<h2>Samples</h2>\n${written.join('\n')}\n`}<h2>Settings</h2>
<pre>${escapeText(JSON.stringify(config, null, 2))}</pre>
</body>
</html>
`;
}

function quote(step: number, { prompt, text }: SampleEvent['samples'][number]): string {
  const begun = prompt === '' ? '' : `<b>${escapeText(prompt)}</b>`;
  return `<div class="legend">after step ${groupThousands(step)}</div><blockquote>${begun}${escapeText(text)}</blockquote>`;
}
