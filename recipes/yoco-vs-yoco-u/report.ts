/** The comparison as a table in Markdown and as curves, from the results of the branches. */
import { type Chart, renderChartFile } from '@yoco-u/train';
import { formatCount } from '../src/figures.ts';
import { type Curve, costAt, lossAt } from './equal.ts';
import type { BranchResult } from './train-comparison.ts';

/** What a comparison came to; plain JSON. */
export interface ComparisonResults {
  /** Of one application, then of several. */
  readonly systems: readonly [SystemFacts, SystemFacts];
  /** Tokens of a step. */
  readonly stepTokens: number;
  readonly branches: readonly BranchResult[];
}

export interface SystemFacts {
  readonly iterations: number;
  readonly parameters: number;
  /** Of training. */
  readonly flopsPerToken: number;
}

/** One question, asked at one budget of the first system, with an answer for each seed; undefined outside the budgets. */
export interface Comparison {
  readonly steps: number;
  /** Loss of the second system less that of the first, at the FLOPs of the budget. */
  readonly lossAtEqualFlops: readonly (number | undefined)[];
  /** Of the second system for the loss of the first at the budget, less one: −0.1 is a tenth less. */
  readonly tokensToEqualLoss: readonly (number | undefined)[];
  readonly flopsToEqualLoss: readonly (number | undefined)[];
}

export function seedsOf({ branches }: ComparisonResults): readonly number[] {
  return [...new Set(branches.map(({ seed }) => seed))].sort((a, b) => a - b);
}

function stepsOf({ branches }: ComparisonResults): readonly number[] {
  return [...new Set(branches.map(({ steps }) => steps))].sort((a, b) => a - b);
}

/** Cost in tokens, times `costOfToken`. */
function curveOf(results: ComparisonResults, iterations: number, seed: number, costOfToken = 1): Curve {
  return results.branches
    .filter((branch) => branch.iterations === iterations && branch.seed === seed)
    .map(({ steps, loss }) => ({ cost: steps * results.stepTokens * costOfToken, loss }));
}

export function compareAt(results: ComparisonResults, steps: number): Comparison {
  const [first, second] = results.systems;
  const tokens = steps * results.stepTokens;
  const flops = tokens * first.flopsPerToken;
  const answers = seedsOf(results).map((seed) => {
    const loss = lossAt(curveOf(results, first.iterations, seed), tokens);
    const other = lossAt(curveOf(results, second.iterations, seed, second.flopsPerToken), flops);
    const needed = loss === undefined ? undefined : costAt(curveOf(results, second.iterations, seed), loss);
    return {
      loss: loss === undefined || other === undefined ? undefined : other - loss,
      tokens: needed === undefined ? undefined : needed / tokens - 1,
      flops: needed === undefined ? undefined : (needed * second.flopsPerToken) / flops - 1,
    };
  });
  return {
    steps,
    lossAtEqualFlops: answers.map((answer) => answer.loss),
    tokensToEqualLoss: answers.map((answer) => answer.tokens),
    flopsToEqualLoss: answers.map((answer) => answer.flops),
  };
}

/** Of the paper's main run; the last follows from the second and from twice the cost a token. */
const paper = { lossAtEqualFlops: '-0.033', tokensToEqualLoss: '-62 %', flopsToEqualLoss: 'about -24 %' };

export function renderTables(results: ComparisonResults): string {
  const [first, second] = results.systems;
  const seeds = seedsOf(results);
  const losses = stepsOf(results).flatMap((steps) =>
    results.systems.map(({ iterations, flopsPerToken }) => {
      const tokens = steps * results.stepTokens;
      const cells = seeds.map(
        (seed) =>
          results.branches.find((at) => at.iterations === iterations && at.seed === seed && at.steps === steps)?.loss,
      );
      return `| ${formatCount(tokens)} | ${iterations} | ${formatCount(tokens * flopsPerToken)} | ${withSpread(cells, (loss) => loss.toFixed(4))} |`;
    }),
  );
  const rows = stepsOf(results).map((steps) => compareAt(results, steps));
  const signed = (digits: number, factor: number, unit: string) => (value: number) =>
    `${value < 0 ? '' : '+'}${(factor * value).toFixed(digits)}${unit}`;
  const percent = signed(0, 100, ' %');
  const line = (title: string, key: keyof typeof paper, format: (value: number) => string): string =>
    `| ${title} | ${rows.map((row) => withSpread(row[key], format)).join(' | ')} | ${paper[key]} |`;
  return `${formatCount(first.parameters)} parameters; ${formatCount(first.flopsPerToken)}FLOP a token of training at T = ${first.iterations}, ${formatCount(second.flopsPerToken)}FLOP at T = ${second.iterations} (${(second.flopsPerToken / first.flopsPerToken).toFixed(2)} times).
Means over ${seeds.length} seeds, least to most in parentheses.

| tokens | T | FLOP | held-out loss |
|---|---|---|---|
${losses.join('\n')}

T = ${second.iterations} against T = ${first.iterations}, seed by seed, at the budgets of T = ${first.iterations}:

| | ${rows.map(({ steps }) => `${formatCount(steps * results.stepTokens)} tokens`).join(' | ')} | paper |
|---|${rows.map(() => '---|').join('')}---|
${line('loss at equal training FLOPs', 'lossAtEqualFlops', signed(4, 1, ''))}
${line('tokens to equal loss', 'tokensToEqualLoss', percent)}
${line('FLOPs to equal loss', 'flopsToEqualLoss', percent)}
`;
}

/** Mean and range; says so where a seed has no answer. */
function withSpread(values: readonly (number | undefined)[], format: (value: number) => string): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return 'outside the range';
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const range = `${format(Math.min(...known))} to ${format(Math.max(...known))}`;
  const missing = values.length - known.length;
  if (missing > 0) return `${format(mean)} (${known.length} of ${values.length} seeds, otherwise outside the range)`;
  return known.length === 1 ? format(mean) : `${format(mean)} (${range})`;
}

/** Loss against FLOPs and against tokens: a line for each system and seed. */
export function renderCurves(results: ComparisonResults): { readonly flops: string; readonly tokens: string } {
  const draw = (title: string, xTitle: string, costOf: (system: SystemFacts) => number): string => {
    const chart: Chart = {
      title,
      xTitle,
      logarithmic: true,
      series: results.systems.flatMap((system) =>
        seedsOf(results).map((seed) => ({
          name: `T = ${system.iterations}, seed ${seed}`,
          points: curveOf(results, system.iterations, seed, costOf(system)).map(
            ({ cost, loss }) => [cost, loss] as const,
          ),
          dots: true,
        })),
      ),
    };
    return renderChartFile(chart);
  };
  return {
    flops: draw('Held-out loss against training FLOPs', 'TFLOP', ({ flopsPerToken }) => flopsPerToken / 1e12),
    tokens: draw('Held-out loss against training tokens', 'million tokens', () => 1e-6),
  };
}
