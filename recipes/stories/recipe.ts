/** The project's own default model, from text to a model folder with a card. See README.md. */
import { join } from 'node:path';
import { runTraining } from '@yoco-u/train/node';
import { builtInAttention, createBackend } from '@yoco-u/yoco-u';
import { parseRecipeOptions } from '../src/options.ts';
import { runRecipe } from '../src/run-recipe.ts';
import { createRunOutput } from '../src/show-run.ts';
import { exportRun } from './export-run.ts';
import { settings } from './settings.ts';

await runRecipe(async (argv, signal) => {
  const { data, validationData, out, threads } = parseRecipeOptions(argv);
  const run = join(out, 'run');
  await train();
  if (validationData === undefined) {
    console.log(`done: ${run}; name --validation-data to get a model folder with a card as well`);
    return;
  }
  const to = join(out, 'model');
  await exportRun({ run, to, validationData, threads, signal, print: console.log });
  console.log(`done: ${to}`);

  async function train(): Promise<void> {
    await using backend = await createBackend(threads === undefined ? {} : { threads });
    const request = { ...settings, data, ...(validationData === undefined ? {} : { validationData }) };
    const show = createRunOutput();
    const events = runTraining({ folder: run, request, resume: 'auto', backend, registry: builtInAttention, signal });
    for await (const event of events) show(event);
    signal.throwIfAborted();
  }
});
