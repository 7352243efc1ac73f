/** The project's own default model, from text to a model folder with a card. See README.md. */
import { join } from 'node:path';
import { runTraining } from '@yoco-u/train/node';
import { builtInAttention, createBackend } from '@yoco-u/yoco-u';
import { parseRecipeOptions } from '../src/options.ts';
import { runRecipe } from '../src/run-recipe.ts';
import { createRunOutput } from '../src/show-run.ts';
import { exportRun } from './export-run.ts';
import { storiesRequest } from './settings.ts';

await runRecipe(async (argv, signal) => {
  const { data, validationData, out, threads } = parseRecipeOptions(argv);
  {
    await using backend = await createBackend(threads === undefined ? {} : { threads });
    const show = createRunOutput();
    const run = runTraining({
      folder: out,
      request: { ...storiesRequest, data, ...(validationData === undefined ? {} : { validationData }) },
      resume: 'auto',
      backend,
      registry: builtInAttention,
      signal,
    });
    for await (const event of run) show(event);
    signal.throwIfAborted();
  }
  if (validationData === undefined) {
    console.log(`done: ${out}; name --validation-data to get a model folder with a card as well`);
    return;
  }
  const to = join(out, 'model');
  await exportRun({ run: out, to, validationData, threads, signal, print: console.log });
  console.log(`done: ${to}`);
});
