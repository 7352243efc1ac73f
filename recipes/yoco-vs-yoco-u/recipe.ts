/** YOCO against YOCO-U: the same layers applied once or three times. See README.md. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBackend } from '@yoco-u/yoco-u';
import { formatCount, formatDuration, formatMebibytes } from '../src/figures.ts';
import { parseRecipeOptions } from '../src/options.ts';
import { runRecipe } from '../src/run-recipe.ts';
import { costOf, stepTokens } from './costs.ts';
import { type ComparisonResults, renderCurves, renderTables } from './report.ts';
import { listSegments, type Segment } from './segments.ts';
import { comparison } from './settings.ts';
import { type BranchResult, trainComparison } from './train-comparison.ts';

await runRecipe(async (argv, signal) => {
  const { threads, ...options } = parseRecipeOptions(argv);
  const costs = new Map(comparison.iterations.map((count) => [count, costOf(comparison, count)]));
  for (const { iterations, parameters, flopsPerToken, bytes } of costs.values()) {
    console.log(
      `T = ${iterations}: ${formatCount(parameters)} parameters, ${formatCount(flopsPerToken)}FLOP a token of training, ${formatMebibytes(bytes)}`,
    );
  }
  const flopsOf = ({ iterations, from, to }: Segment): number =>
    (to - from) * stepTokens(comparison) * costs.get(iterations)!.flopsPerToken;
  const total = listSegments(comparison).reduce((sum, segment) => sum + flopsOf(segment), 0);
  console.log(
    `${comparison.seeds.length} seeds, budgets of ${comparison.budgets.map((steps) => formatCount(steps * stepTokens(comparison))).join(', ')} tokens: ${formatCount(total)}FLOP in all`,
  );
  await using backend = await createBackend(threads === undefined ? {} : { threads });
  await mkdir(options.out, { recursive: true });
  const progress = createProgress(total, flopsOf);
  const branches: BranchResult[] = [];
  for await (const result of trainComparison({ ...options, ...progress, settings: comparison, backend, signal })) {
    const { iterations, seed, steps, loss, bitsPerByte } = result;
    console.log(
      `T = ${iterations}, seed ${seed}, ${steps} steps: loss ${loss.toFixed(4)}, ${bitsPerByte.toFixed(4)} bits per byte`,
    );
    branches.push(result);
  }
  const [first, second] = comparison.iterations.map((count) => costs.get(count)!);
  const results: ComparisonResults = { systems: [first!, second!], stepTokens: stepTokens(comparison), branches };
  const { flops, tokens } = renderCurves(results);
  const tables = renderTables(results);
  console.log(`\n${tables}`);
  const page = `# Results\n\n${tables}\n![Loss against FLOPs](loss-against-flops.svg)\n\n![Loss against tokens](loss-against-tokens.svg)\n`;
  await mkdir(join(options.out, 'results'), { recursive: true });
  for (const [name, text] of [
    ['results.json', `${JSON.stringify(results, null, 2)}\n`],
    ['README.md', page],
    ['loss-against-flops.svg', flops],
    ['loss-against-tokens.svg', tokens],
  ] as const) {
    await writeFile(join(options.out, 'results', name), text);
  }
});

/** A line every ten seconds, with the time that the rest takes at the speed so far. */
function createProgress(total: number, flopsOf: (segment: Segment) => number) {
  let before = 0;
  let current: Segment | undefined;
  let trained = 0;
  let seconds = 0;
  let shown = performance.now();
  return {
    onSegment(segment: Segment): void {
      const all = listSegments(comparison);
      const index = all.findIndex(({ folder, to }) => folder === segment.folder && to === segment.to);
      before = all.slice(0, index).reduce((sum, done) => sum + flopsOf(done), 0);
      current = segment;
    },
    onStep(segment: Segment, event: { readonly step: number; readonly seconds: number; readonly loss: number }): void {
      const perStep = flopsOf(segment) / (segment.to - segment.from);
      trained += perStep;
      seconds += event.seconds;
      const now = performance.now();
      if (now - shown < 10_000 && event.step !== segment.to) return;
      shown = now;
      const done = before + (event.step - current!.from) * perStep;
      const rate = trained / seconds;
      console.log(
        `${Math.floor((100 * done) / total)}% · ${segment.folder} · step ${event.step}/${segment.to} · loss ${event.loss.toFixed(3)} · ${formatCount(rate)}FLOP/s · ${formatDuration((total - done) / rate)} left`,
      );
    },
  };
}
