/** Tiny language models of random weights, on any backend. */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { gatedRetentionWasmKernels } from '@yoco-u/attention-gated-retention/wasm';
import { gatedRetentionWebGpuKernels } from '@yoco-u/attention-gated-retention/webgpu';
import { softmaxAttention, softmaxAttentionKernels } from '@yoco-u/attention-softmax';
import { softmaxWasmKernels } from '@yoco-u/attention-softmax/wasm';
import { softmaxWebGpuKernels } from '@yoco-u/attention-softmax/webgpu';
import { createLanguageModel, type EngineLanguageModel } from '@yoco-u/engine';
import { listParameters, parseConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer } from '@yoco-u/spec';
import { f32 } from '@yoco-u/tensor';
import type { ExtraKernels } from './backends.ts';
import { createByteTokenizer } from './byte-tokenizer.ts';

/** The kernels of all variants. */
export const variantKernels: ExtraKernels = {
  reference: [...softmaxAttentionKernels, ...gatedRetention.kernels],
  wasm: [...softmaxWasmKernels, ...gatedRetentionWasmKernels],
  webgpu: [...softmaxWebGpuKernels, ...gatedRetentionWebGpuKernels],
};

export const registry = [...softmaxAttention, gatedRetention];

export interface RandomModelOptions {
  readonly stages: readonly object[];
  readonly sequences: number;
  readonly endOfText?: readonly number[];
  readonly contextLength?: number;
  readonly prefixCacheBytes?: number;
}

const mask = 0xffff_ffff;

/** Seeded numbers in [-1, 1), the same on every machine. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) & mask;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 31 - 1;
  };
}

/** The model owns the backend: disposing it disposes both. */
export async function createRandomModel(
  backend: Backend,
  { stages, sequences, endOfText = [260], contextLength = 90, prefixCacheBytes = 0 }: RandomModelOptions,
): Promise<EngineLanguageModel> {
  const tokenizer = createByteTokenizer();
  const config = parseConfig(
    {
      model_type: 'yoco_u',
      vocab_size: tokenizer.vocabularySize + 3,
      hidden_size: 20,
      intermediate_size: 27,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 6,
      rope_theta: 10000,
      rms_norm_eps: 1e-6,
      qk_norm: true,
      tie_word_embeddings: false,
      max_position_embeddings: contextLength,
      bos_token_id: 260,
      eos_token_id: endOfText,
      stages,
    },
    registry,
  );
  const random = createRandom(7);
  const parameters: Record<string, DeviceBuffer> = {};
  for (const { name, shape, use } of listParameters(config)) {
    const buffer = backend.allocate({ shape, format: use === 'matrix' ? backend.matrixFormat : f32 });
    const length = shape.reduce((product, size) => product * size, 1);
    const factor = use === 'vector' ? 0.25 : 2.5 / Math.sqrt(shape[1]!);
    const offset = use === 'vector' ? 1 : 0;
    backend.write(
      buffer,
      Float32Array.from({ length }, () => offset + factor * random()),
    );
    parameters[name] = buffer;
  }
  const model = await createLanguageModel({
    id: 'random',
    backend,
    config,
    tokenizer,
    parameters,
    sequences,
    prefixCacheBytes,
  });
  return {
    ...model,
    async [Symbol.asyncDispose]() {
      await model[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}
