/** Line charts as SVG text. */

export interface Series {
  readonly name: string;
  /** [x, y], x ascending. */
  readonly points: readonly (readonly [number, number])[];
  readonly faint?: boolean;
  /** Marks each point: for few of them. */
  readonly dots?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly series: readonly Series[];
  /** What x counts. Default: step. */
  readonly xTitle?: string;
  /** Equal ratios of x take equal room; x is above 0. */
  readonly logarithmic?: boolean;
}

const width = 920;
const height = 260;
const margin = { left: 56, right: 12, top: 10, bottom: 26 };
/** More points than pixels show nothing more. */
const mostPoints = 1500;
const colours = 6;

/** HTML with an SVG that takes its colours from the page. Empty for a chart without points. */
export function renderChart(chart: Chart): string {
  const title = escapeText(chart.title);
  const xTitle = escapeText(chart.xTitle ?? 'step');
  const drawn = drawnSeries(chart);
  if (drawn.length === 0) return '';
  const legend = drawn.map(
    ({ name }, index) => `<span><i style="background:var(--c${index % colours})"></i>${escapeText(name)}</span>`,
  );
  return `<h2>${title} by ${xTitle}</h2>
<div class="legend">${legend.join('')}</div>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title} by ${xTitle}">${drawLines(drawn, chart)}</svg>`;
}

/** A chart as an SVG file of its own, title and legend inside. Empty for a chart without points. */
export function renderChartFile(chart: Chart): string {
  const title = escapeText(chart.title);
  const xTitle = escapeText(chart.xTitle ?? 'step');
  const drawn = drawnSeries(chart);
  if (drawn.length === 0) return '';
  const head = 48;
  const foot = 18;
  let at = margin.left;
  const legend = drawn.map(({ name }, index) => {
    const entry = `<rect x="${at}" y="30" width="14" height="3" fill="var(--c${index % colours})"/><text x="${at + 19}" y="35">${escapeText(name)}</text>`;
    at += 40 + Math.ceil(name.length * letterWidth);
    return entry;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${head + height + foot}" role="img" aria-label="${title}">
<style>${chartColours}
text { font: 11px system-ui, sans-serif; fill: var(--soft); } .title { font-size: 14px; font-weight: 600; fill: var(--ink); }
.axis { stroke: var(--line); } .faint { opacity: .3; }</style>
<rect width="100%" height="100%" fill="var(--paper)"/>
<text class="title" x="${margin.left}" y="18">${title}</text>
${legend.join('')}
<g transform="translate(0 ${head})">${drawLines(drawn, chart)}</g>
<text x="${(margin.left + width - margin.right) / 2}" y="${head + height + foot - 8}" text-anchor="middle">${xTitle}</text>
</svg>
`;
}

/** Of a letter of a legend, on average. */
const letterWidth = 5.6;

/** Of charts and the pages around them, for light and dark. */
export const chartColours = `:root { color-scheme: light dark; --ink: #1c2024; --soft: #6b7280; --line: #d8dce2; --paper: #ffffff;
  --c0: #2563eb; --c1: #d97706; --c2: #059669; --c3: #db2777; --c4: #7c3aed; --c5: #0891b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa2ad; --line: #343a42; --paper: #14171a; } }`;

function drawnSeries({ series }: Chart): readonly Series[] {
  return series.filter(({ points }) => points.some(([, y]) => Number.isFinite(y)));
}

function drawLines(drawn: readonly Series[], { logarithmic }: Chart): string {
  const all = drawn.flatMap(({ points }) => points.filter(([, y]) => Number.isFinite(y)));
  const xRange = rangeOf(all.map(([value]) => value));
  const x = (logarithmic === true ? logarithmicScaleOf : scaleOf)(xRange, margin.left, width - margin.right);
  const y = scaleOf(rangeOf(all.map(([, value]) => value)), height - margin.bottom, margin.top);
  const axes = [
    ...y.ticks.map((tick) => {
      const at = place(y.at(tick));
      return `<line class="axis" x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}"/><text x="${margin.left - 6}" y="${at}" text-anchor="end" dominant-baseline="middle">${label(tick)}</text>`;
    }),
    ...x.ticks.map(
      (tick) => `<text x="${place(x.at(tick))}" y="${height - 8}" text-anchor="middle">${label(tick)}</text>`,
    ),
  ];
  const lines = drawn.map(({ points, faint, dots }, index) => {
    const shown = thin(points.filter(([, value]) => Number.isFinite(value)));
    const places = shown.map(([px, py]) => `${place(x.at(px))},${place(y.at(py))}`);
    const colour = `var(--c${index % colours})`;
    const line = `<polyline${faint === true ? ' class="faint"' : ''} fill="none" stroke="${colour}" stroke-width="1.5" points="${places.join(' ')}"/>`;
    if (dots !== true) return line;
    const marks = places.map(
      (at) => `<circle r="2.2" fill="${colour}" cx="${at.split(',')[0]}" cy="${at.split(',')[1]}"/>`,
    );
    return line + marks.join('');
  });
  return axes.join('') + lines.join('');
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

function rangeOf(values: readonly number[]): readonly [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return least === most ? [least - (Math.abs(least) || 1) / 2, most + (Math.abs(most) || 1) / 2] : [least, most];
}

/** Five or so ticks at round numbers. */
function scaleOf([least, most]: readonly [number, number], from: number, to: number): Scale {
  const rough = (most - least) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(least / step);
  const last = Math.floor(most / step + 1e-9);
  // counted, not added up: beside a large value a small step is lost
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
  return { ticks, at: (value) => from + ((value - least) / (most - least)) * (to - from) };
}

/** Ticks at 1, 2 and 5 times powers of ten. */
function logarithmicScaleOf([least, most]: readonly [number, number], from: number, to: number): Scale {
  const ticks: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10) {
    for (const factor of [1, 2, 5]) if (factor * power >= least && factor * power <= most) ticks.push(factor * power);
  }
  const span = Math.log(most / least);
  return { ticks, at: (value) => from + (Math.log(value / least) / span) * (to - from) };
}

function thin(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const every = Math.ceil(points.length / mostPoints);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}

function place(value: number): string {
  return value.toFixed(1);
}

function label(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.01) return value.toExponential(1);
  return groupThousands(Number(value.toPrecision(4)));
}

/** Text of HTML, XML or an attribute. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** 12345 → 12,345. By hand: Intl takes 12 MiB of memory for its tables. */
export function groupThousands(value: number): string {
  return String(value).replace(/(?<!\.\d*)\B(?=(\d{3})+(?!\d))/g, ',');
}
