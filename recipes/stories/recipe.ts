/** The project's own default model, from text to a model folder with a card. See README.md. */
import { join } from 'node:path';
import { createBackend } from '@yoco-u/yoco-u';
import { parseRecipeOptions } from '../src/options.ts';
import { runRecipe } from '../src/run-recipe.ts';
import { createRunOutput } from '../src/show-run.ts';
import { exportRun } from './export-run.ts';
import { phases } from './settings.ts';
import { trainPhases } from './train-phases.ts';

await runRecipe(async (argv, signal) => {
  const { threads, ...options } = parseRecipeOptions(argv);
  const { out, validationData } = options;
  const runs = await train();
  if (validationData === undefined) {
    console.log(`done: ${runs.at(-1)}; name --validation-data to get a model folder with a card as well`);
    return;
  }
  const to = join(out, 'model');
  await exportRun({ runs, to, validationData, threads, signal, print: console.log });
  console.log(`done: ${to}`);

  async function train(): Promise<readonly string[]> {
    await using backend = await createBackend(threads === undefined ? {} : { threads });
    const show = createRunOutput();
    return await trainPhases({ ...options, phases, backend, signal, onEvent: show });
  }
});
