/** A model folder with a card, out of the folder of a run. See README.md. */
import { missing, parseFlags, threadCount } from '../src/options.ts';
import { runRecipe } from '../src/run-recipe.ts';
import { exportRun } from './export-run.ts';

const usage = '--run DIR --validation-data PATH … --out DIR [--beside FILE] [--about FILE] [--threads N]';

await runRecipe(async (argv, signal) => {
  const values = parseFlags(argv, usage, {
    run: { type: 'string' },
    out: { type: 'string' },
    'validation-data': { type: 'string', multiple: true },
    beside: { type: 'string' },
    about: { type: 'string' },
    threads: { type: 'string' },
  });
  const { run, out: to, beside, about, 'validation-data': validationData } = values;
  if (run === undefined || to === undefined || validationData === undefined) throw missing(argv, usage);
  const threads = threadCount(values.threads);
  await exportRun({ run, to, validationData, beside, about, threads, signal, print: console.log });
});
