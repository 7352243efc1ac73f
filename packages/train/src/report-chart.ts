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
}

const width = 920;
const height = 260;
const margin = { left: 56, right: 12, top: 10, bottom: 26 };
/** More points than pixels show nothing more. */
const mostPoints = 1500;
const colours = 6;

/** Empty for a chart without points. */
export function renderChart({ title, series }: Chart): string {
  const drawn = series.filter(({ points }) => points.some(([, y]) => Number.isFinite(y)));
  if (drawn.length === 0) return '';
  const all = drawn.flatMap(({ points }) => points.filter(([, y]) => Number.isFinite(y)));
  const x = scaleOf(rangeOf(all.map(([value]) => value)), margin.left, width - margin.right);
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
  const legend = drawn.map(
    ({ name }, index) => `<span><i style="background:var(--c${index % colours})"></i>${name}</span>`,
  );
  return `<h2>${title}</h2>
<div class="legend">${legend.join('')}</div>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title} by step">${axes.join('')}${lines.join('')}</svg>`;
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
  const ticks: number[] = [];
  for (let tick = Math.ceil(least / step) * step; tick <= most + step * 1e-9; tick += step) ticks.push(tick);
  return { ticks, at: (value) => from + ((value - least) / (most - least)) * (to - from) };
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
  return Number(value.toPrecision(4)).toLocaleString('en');
}
