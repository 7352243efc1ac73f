/** Models from folders on disk. */
import { openModelFolder } from '@yoco-u/checkpoint/node';
import {
  type LoadedModel,
  type LoadModelOptions,
  type LoadOptions,
  loadModelFrom,
  loadPartsFrom,
  type ModelParts,
} from './load-model.ts';

/** Loads the model folder at `path`: see `loadModelFrom`. */
export async function loadModelFolder(path: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  await using folder = await openModelFolder(path);
  return await loadModelFrom(folder, options);
}

/** Loads config and weights of the model folder at `path`: see `loadPartsFrom`. */
export async function loadParts(path: string, options: LoadOptions = {}): Promise<ModelParts> {
  await using folder = await openModelFolder(path);
  return await loadPartsFrom(folder, options);
}
export type { LoadedModel, LoadModelOptions, LoadOptions, ModelParts } from './load-model.ts';
