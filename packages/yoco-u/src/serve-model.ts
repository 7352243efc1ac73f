/** The inside of a model worker: loads what the outside names and serves it. */
import {
  directoryHandleFiles,
  encodeSafetensors,
  type HttpOptions,
  type ModelFolder,
  memorySource,
  openModelFolder,
  openSafetensors,
} from '@yoco-u/checkpoint';
import type { EngineLanguageModel } from '@yoco-u/engine';
import { type ServedModel, serveLanguageModel, workerPort } from '@yoco-u/worker';
import { type LoadModelOptions, loadModelFrom } from './load-model.ts';
import type { InspectRequest, ModelDetails, ModelRequest, PlainSource } from './model-request.ts';

export interface ServeModelOptions extends Pick<LoadModelOptions, 'plugins'> {
  /** Opens the folder at an address. Default: as a URL. */
  readonly openAddress?: (address: string, options: HttpOptions) => Promise<ModelFolder>;
}

/**
 * To be called once by a worker, at the top of its script: serves the model that `loadModelInWorker` asks for. The package's
 * own worker does only this; one that brings plug-ins calls it with them.
 */
export async function serveModel({
  openAddress = openModelFolder,
  plugins = [],
}: ServeModelOptions = {}): Promise<void> {
  const open = async (source: PlainSource, signal: AbortSignal): Promise<ModelFolder> => {
    if (source.kind === 'address') return openAddress(source.address, { signal });
    return openModelFolder(source.kind === 'files' ? source.files : directoryHandleFiles(source.directory));
  };
  serveLanguageModel(await workerPort(), async (request, context): Promise<ServedModel> => {
    const { source, options } = request as ModelRequest;
    await using folder = await open(source, context.signal);
    const loaded = await loadModelFrom(folder, { ...options, ...context, plugins });
    const { model, backend } = loaded;
    const { id, threads, description } = backend;
    const details: ModelDetails = {
      backend: { id, threads, description },
      config: folder.config,
      cacheBytesReserved: model.cacheBytesReserved,
    };
    return {
      model,
      tokenizerJson: folder.tokenizerJson!,
      details,
      stats: () => model.stats(),
      inspect: (asked, signal) => answer(model, asked as InspectRequest, signal),
      [Symbol.asyncDispose]: () => loaded[Symbol.asyncDispose](),
    };
  });
}

/** What an engine does beyond a language model; files of sequences cross as bytes. */
async function answer(model: EngineLanguageModel, asked: InspectRequest, signal: AbortSignal): Promise<unknown> {
  if (asked.kind === 'loop') return model.inspectLoop(...asked.given);
  if (asked.kind === 'save') {
    const sequence = await model.saveSequence(asked.ids, { ...asked.options, signal });
    return encodeSafetensors(sequence.tensors, sequence);
  }
  return model.loadSequence(await openSafetensors(memorySource(asked.file, 'a saved sequence')), asked.options);
}
