import { expect, test } from 'vitest';
import type { StepEvent } from './events.ts';
import { renderReport } from './report.ts';
import { renderChartFile } from './report-chart.ts';
import { planRun } from './run-config.ts';
import { registry } from './testing.ts';

const text = { vocabularySize: 300, bosTokenId: 0, eosTokenId: 0, tokens: 10_000 };
const { config } = planRun({ steps: 40 }, 32, text, registry);

function stepOf(step: number, loss: number): StepEvent {
  const speed = { tokensPerSecond: 100, flopsPerSecond: 1e9, flopShare: undefined, secondsLeft: 0, seconds: 0.25 };
  const taken = { learningRate: 0.001, gradientNorm: 1, iterations: 3, skipped: false };
  return { type: 'step', step, loss, bitsPerByte: loss, tokens: 10 * step, ...taken, ...speed };
}

/** Heights of the lines of the first chart. */
function linesOf(report: string): readonly (readonly number[])[] {
  const chart = report.slice(report.indexOf('<svg'), report.indexOf('</svg>'));
  const lines = [...chart.matchAll(/<polyline[^>]* points="([^"]*)"/g)];
  return lines.map(([, points]) => points!.split(' ').map((point) => Number(point.split(',')[1])));
}

test('the smoothed curve of a short run ends where the curve ends', () => {
  const report = renderReport(
    Array.from({ length: 40 }, (_, index) => stepOf(index + 1, 6 * 0.9 ** index)),
    config,
  );
  const [raw, smoothed] = linesOf(report);
  const height = Math.max(...raw!) - Math.min(...raw!);
  expect(Math.abs(raw!.at(-1)! - smoothed!.at(-1)!)).toBeLessThan(height / 50);
  expect(report).toContain('<dd>10.0 s</dd>');
});

test('a long run is smoothed over 50 steps', () => {
  const zigzag = Array.from({ length: 2000 }, (_, index) => stepOf(index + 1, 4 + (index % 2)));
  const [raw, smoothed] = linesOf(renderReport(zigzag, config));
  const spread = (heights: readonly number[]): number => Math.max(...heights) - Math.min(...heights);
  expect(spread(smoothed!.slice(100))).toBeLessThan(spread(raw!) / 20);
});

test('a fall at the start is followed, not lagged behind', () => {
  const falling = Array.from({ length: 2000 }, (_, index) => stepOf(index + 1, 4 + 4 * 0.95 ** index));
  const [raw, smoothed] = linesOf(renderReport(falling, config));
  const height = Math.max(...raw!) - Math.min(...raw!);
  const lag = Math.max(...raw!.map((value, index) => Math.abs(value - smoothed![index]!)));
  expect(lag).toBeLessThan(height / 4);
});

test('tells where validation was best, and what the model wrote, as text', () => {
  const validation = (step: number, bitsPerByte: number) => ({
    type: 'validation',
    step,
    seconds: 1,
    results: [2, 3].map((iterations) => ({ iterations, loss: 2, bitsPerByte: bitsPerByte + iterations / 100 })),
  });
  const sample = { type: 'sample', step: 20, samples: [{ prompt: 'Once <b', text: ' upon & a time\n' }] };
  const report = renderReport([stepOf(1, 3), validation(10, 2), sample, validation(20, 2.5)], config);
  expect(report).toContain('2.0200 bits per byte after step 10, T = 2');
  expect(report).toContain('after step 20</div><blockquote><b>Once &lt;b</b> upon &amp; a time\n</blockquote>');
});

test('before the first step there is nothing to draw', () => {
  const report = renderReport([], config);
  expect(report).toContain('0 of 40');
  expect(report).not.toMatch(/<svg|NaN|Infinity|undefined/);
});

test('values that differ by a last bit are drawn', () => {
  const report = renderReport([stepOf(1, 1), stepOf(2, 1 + Number.EPSILON)], config);
  expect(linesOf(report)[0]).toHaveLength(2);
});

test('titles and names in a chart are text, whatever is in them', () => {
  const points = [1, 2].map((x) => [x, x] as const);
  const svg = renderChartFile({ title: '"a" & b', xTitle: 'x > 1', series: [{ name: '<T = 2>', points }] });
  expect(svg).toContain('aria-label="&quot;a&quot; &amp; b"');
  expect(svg).toContain('>x &gt; 1</text>');
  expect(svg).toContain('>&lt;T = 2&gt;</text>');
});
