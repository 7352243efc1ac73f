/** Random weights of a known shape: speed does not depend on what a model has learned. */
import { createLanguageModel, randomParameters } from '@yoco-u/engine';
import { parseConfig } from '@yoco-u/model';
import type { Tokenizer } from '@yoco-u/spec';
import { builtInAttention, createBackend, type LoadedModel } from '@yoco-u/yoco-u';
import { type BackendFlags, backendOptions } from '../backend-options.ts';
import type { ServingOptions } from '../open-model.ts';
import { UsageError } from '../run-program.ts';

const shapes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  /** 15 M parameters: the Transformer of llama2.c's stories15M. */
  '15m': {
    model_type: 'transformer',
    vocab_size: 32000,
    hidden_size: 288,
    intermediate_size: 768,
    num_attention_heads: 6,
    num_key_value_heads: 6,
    head_dim: 48,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    max_position_embeddings: 256,
    stages: [{ type: 'self', layers: 6, attention: 'full', rope: true }],
  },
  /** 88 M parameters: a Transformer that peers have been measured with. */
  '88m': {
    model_type: 'transformer',
    vocab_size: 8192,
    hidden_size: 768,
    intermediate_size: 2048,
    num_attention_heads: 12,
    num_key_value_heads: 4,
    head_dim: 64,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    max_position_embeddings: 2048,
    stages: [{ type: 'self', layers: 12, attention: 'full', rope: true }],
  },
};

/** Throws `UsageError` for a name that is not known. */
export async function randomModel(
  name: string,
  options: BackendFlags,
  contextLength: number,
  serving: ServingOptions = {},
): Promise<LoadedModel> {
  const json = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (json === undefined) {
    throw new UsageError(`--random: expected one of ${Object.keys(shapes).join(', ')}, got '${name}'`);
  }
  const config = parseConfig(json, builtInAttention);
  const backend = await createBackend(backendOptions(options), { model: config, use: 'generate' });
  const parameters = randomParameters(backend, config);
  const tokenizer = silentTokenizer(config.vocabularySize);
  const model = await createLanguageModel({
    id: name,
    backend,
    config,
    tokenizer,
    parameters,
    contextLength,
    ...serving,
  });
  return {
    model,
    backend,
    async [Symbol.asyncDispose]() {
      await model[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

/** Ids only: random weights have no text to show. */
export function silentTokenizer(vocabularySize: number): Tokenizer {
  return {
    vocabularySize,
    specialTokens: new Map(),
    encode: (text) => Array.from(new TextEncoder().encode(text)),
    decode: () => '',
    bytesOf: () => new Uint8Array(0),
    createDecoder: () => ({ push: () => '', flush: () => '' }),
  };
}
