/** What tests in both kinds of page do with a trained model. */
import { openModelFolder } from '@yoco-u/checkpoint';
import type { LanguageModel } from '@yoco-u/spec';
import { type LoadedModel, loadModelFrom } from './load-model.ts';

/** The folder of that model. */
export const storiesFolder = new URL('../../../fixtures/models/stories-reference/', import.meta.url);

/** The first ids that an independent implementation continues `prompt` with. */
export const recorded = {
  prompt: 'In the middle of the forest',
  ids: [44, 269, 259, 582, 289, 259, 370, 344, 932, 115],
};

/** Fetches the model from the test server. */
export async function fetchStoriesModel(threads?: number): Promise<LoadedModel> {
  await using files = await openModelFolder(storiesFolder);
  return await loadModelFrom(files, threads === undefined ? {} : { threads });
}

export async function greedyIds({ model }: { readonly model: LanguageModel }): Promise<number[]> {
  const ids: number[] = [];
  const request = { prompt: recorded.prompt, maxTokens: recorded.ids.length, sampling: { temperature: 0 } };
  for await (const part of model.generate(request)) if (part.type === 'token') ids.push(part.id);
  return ids;
}
