/** From a model folder to a running language model. */
import type { ModelFolder } from '@yoco-u/checkpoint';
import { createLanguageModel, type EngineLanguageModel, loadParameters } from '@yoco-u/engine';
import { type ModelConfig, parseConfig, withIterations } from '@yoco-u/model';
import { type Backend, CheckpointError, type DeviceBuffer } from '@yoco-u/spec';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { builtInAttention, registryOf } from './attention.ts';
import { type BackendOptions, createBackend } from './backends.ts';

export interface LoadOptions extends BackendOptions {
  /** Iterations of the first self stage, instead of the model's own. A request may choose again. */
  readonly iterations?: number;
  readonly signal?: AbortSignal;
  /** Bytes of weights loaded so far and in all. */
  readonly onProgress?: (loaded: number, total: number) => void;
}

export interface LoadModelOptions extends LoadOptions {
  /** Most tokens of a sequence. Default: the model's own. */
  readonly contextLength?: number;
  /** Sequences that may be under way at once. Default 1. */
  readonly sequences?: number;
  /** Requests that may wait; one more is refused with `BusyError`. Default: no bound. */
  readonly queue?: number;
  /** Bytes in which caches are kept for requests that begin alike: `EngineOptions.prefixCacheBytes`. Default 0. */
  readonly prefixCacheBytes?: number;
}

/** A model's parts without an engine: for research code that records its own programs. Dispose frees all of them. */
export interface ModelParts extends AsyncDisposable {
  readonly config: ModelConfig;
  readonly backend: Backend;
  /** Device buffers of all parameters by name. */
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
}

export interface LoadedModel extends AsyncDisposable {
  readonly model: EngineLanguageModel;
  readonly backend: Backend;
}

/** Parses the config, creates a backend and loads the weights. Frees everything when a step fails. */
export function loadPartsFrom(folder: ModelFolder, options: LoadOptions = {}): Promise<ModelParts> {
  return loadPartsFor(folder, options);
}

/** `engine`: what will have caches for these. */
async function loadPartsFor(
  folder: ModelFolder,
  options: LoadOptions,
  engine?: Pick<LoadModelOptions, 'sequences' | 'contextLength'>,
): Promise<ModelParts> {
  const written = parseConfig(folder.config, [...registryOf(options.plugins ?? []), ...builtInAttention]);
  const config = options.iterations === undefined ? written : withIterations(written, options.iterations);
  const { sequences = 1, contextLength = config.contextLength } = engine ?? {};
  const backend = await createBackend(options, {
    model: config,
    use: 'generate',
    ...(engine === undefined ? {} : { caches: { sequences, contextLength } }),
  });
  try {
    const parameters = await loadParameters(backend, config, folder, {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
    return { config, backend, parameters, [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose]() };
  } catch (error) {
    await backend[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Loads a model folder into a language model. Throws `ConfigError`, `CheckpointError`, `TokenizerError` for bad files and
 * `CapacityError` for what does not fit. Dispose frees the model and its backend.
 */
export async function loadModelFrom(folder: ModelFolder, options: LoadModelOptions = {}): Promise<LoadedModel> {
  if (folder.tokenizerJson === undefined) {
    throw new CheckpointError({
      where: folder.name,
      expected: 'a tokenizer.json in the model folder',
      got: 'none',
      fix: 'add the tokenizer that the model was trained with',
    });
  }
  const tokenizer = parseTokenizer(folder.tokenizerJson, `${folder.name}/tokenizer.json`);
  const parts = await loadPartsFor(folder, options, options);
  try {
    const model = await createLanguageModel({
      id: folder.name,
      backend: parts.backend,
      config: parts.config,
      tokenizer,
      parameters: parts.parameters,
      ...(options.contextLength === undefined ? {} : { contextLength: options.contextLength }),
      ...(options.sequences === undefined ? {} : { sequences: options.sequences }),
      ...(options.queue === undefined ? {} : { queue: options.queue }),
      ...(options.prefixCacheBytes === undefined ? {} : { prefixCacheBytes: options.prefixCacheBytes }),
    });
    return {
      model,
      backend: parts.backend,
      async [Symbol.asyncDispose]() {
        try {
          await model[Symbol.asyncDispose]();
        } finally {
          await parts[Symbol.asyncDispose]();
        }
      },
    };
  } catch (error) {
    await parts[Symbol.asyncDispose]();
    throw error;
  }
}
