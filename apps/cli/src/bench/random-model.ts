/** Random weights of a known shape: speed does not depend on what a model has learned. */
import { createLanguageModel } from '@yoco-u/engine';
import { listParameters, parseConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer, Tokenizer } from '@yoco-u/spec';
import { f32 } from '@yoco-u/tensor';
import { type BackendOptions, builtInAttention, createBackend, type LoadedModel } from '@yoco-u/yoco-u';
import type { ServingOptions } from '../open-model.ts';
import { UsageError } from '../run-program.ts';

const shapes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
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
  options: BackendOptions,
  contextLength: number,
  serving: ServingOptions = {},
): Promise<LoadedModel> {
  const json = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (json === undefined) {
    throw new UsageError(`--random: expected one of ${Object.keys(shapes).join(', ')}, got '${name}'`);
  }
  const config = parseConfig(json, builtInAttention);
  const backend = await createBackend(options);
  const parameters: Record<string, DeviceBuffer> = {};
  for (const { name: parameter, shape, use } of listParameters(config)) {
    const format = use === 'matrix' ? backend.matrixFormat : f32;
    parameters[parameter] = fillRandom(backend, backend.allocate({ shape, format }), shape);
  }
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

/** Uniform in ±sqrt(3 / inner), which keeps activations near unit size; vectors are ones. */
function fillRandom(backend: Backend, buffer: DeviceBuffer, shape: readonly number[]): DeviceBuffer {
  const inner = shape[1];
  if (inner === undefined) {
    backend.write(buffer, new Float32Array(shape[0]!).fill(1));
    return buffer;
  }
  const range = 2 * Math.sqrt(3 / inner);
  const rowsAtOnce = Math.max(8, Math.floor(2 ** 20 / inner / 8) * 8);
  let state = 1;
  for (let row = 0; row < shape[0]!; row += rowsAtOnce) {
    const data = new Float32Array(Math.min(rowsAtOnce, shape[0]! - row) * inner);
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      data[i] = (state / 2 ** 32) * range;
    }
    backend.write(buffer, data, row * inner);
  }
  return buffer;
}

/** Ids only: random weights have no text to show. */
function silentTokenizer(vocabularySize: number): Tokenizer {
  return {
    vocabularySize,
    specialTokens: new Map(),
    encode: (text) => Array.from(new TextEncoder().encode(text)),
    decode: () => '',
    bytesOf: () => new Uint8Array(0),
    createDecoder: () => ({ push: () => '', flush: () => '' }),
  };
}
