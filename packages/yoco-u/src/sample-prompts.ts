/** Text that a model in training writes. */
import { createLanguageModel, type EngineLanguageModel } from '@yoco-u/engine';
import { listParameters, type ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer, Tokenizer } from '@yoco-u/spec';
import { f32 } from '@yoco-u/tensor';

/** What is sampled: the `SampleContext` of `@yoco-u/train` is one. */
export interface SampledModel {
  /** Where weights are read from, one after the other into `scratch`. */
  readonly trainer: {
    readonly scratch: Float32Array;
    read(name: string, into: Float32Array): Promise<Float32Array>;
  };
  readonly model: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly settings: {
    readonly prompts: readonly string[];
    /** Most tokens of a sample. */
    readonly tokens: number;
    readonly temperature: number;
  };
}

/** A prompt with what the model goes on to write. */
export interface PromptSample {
  readonly prompt: string;
  readonly text: string;
}

/** Copies the weights into an engine of its own, continues each prompt with one seed, and lets go of it all. */
export async function samplePrompts(
  backend: Backend,
  { trainer, model: config, tokenizer, settings }: SampledModel,
  signal: AbortSignal,
): Promise<readonly PromptSample[]> {
  const bos = config.bosTokenId === undefined ? [] : [config.bosTokenId];
  const prompts = settings.prompts.map((prompt) => ({ prompt, ids: [...bos, ...tokenizer.encode(prompt)] }));
  const longest = Math.max(...prompts.map(({ ids }) => ids.length));
  const contextLength = Math.min(config.contextLength, longest + settings.tokens);
  const parameters: Record<string, DeviceBuffer> = {};
  const open = async (): Promise<EngineLanguageModel> => {
    try {
      for (const { name, shape, use } of listParameters(config)) {
        parameters[name] = backend.allocate({ shape, format: use === 'matrix' ? backend.matrixFormat : f32 });
        backend.write(parameters[name], await trainer.read(name, trainer.scratch));
      }
      return await createLanguageModel({ id: 'samples', backend, config, tokenizer, parameters, contextLength });
    } catch (error) {
      for (const buffer of Object.values(parameters)) buffer[Symbol.dispose]();
      throw error;
    }
  };
  await using model = await open();
  const samples: PromptSample[] = [];
  for (const { prompt, ids } of prompts) {
    if (ids.length === 0 || signal.aborted) continue;
    let text = '';
    const sampling = { temperature: settings.temperature, seed: 0 };
    for await (const part of model.generate({ prompt: ids, maxTokens: settings.tokens, sampling, signal })) {
      if (part.type === 'text') text += part.text;
    }
    samples.push({ prompt, text });
  }
  return samples;
}
