import { CheckpointError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { memorySource } from './byte-source.ts';
import { importLlamaFolder } from './import-llama-folder.ts';
import { importLlama2c } from './import-llama2c.ts';
import { openModelFolder } from './model-folder.ts';
import { encodeSafetensors, tensorOf, type WritableTensor } from './safetensors-write.ts';
import { floats } from './testing.ts';

const sizes = { width: 12, hidden: 7, layers: 3, heads: 2, keyValueHeads: 1, vocabulary: 11, context: 5 };
const headWidth = sizes.width / sizes.heads;
const keyRows = headWidth * sizes.keyValueHeads;

/** A llama2.c file in which every weight holds its own index, so that any mix-up shows. */
function llama2cFile(changes: Partial<typeof sizes> & { readonly untied?: boolean } = {}): Uint8Array<ArrayBuffer> {
  const s = { ...sizes, ...changes };
  const d = s.width;
  const perLayer = 2 * d + 2 * d * d + 2 * keyRows * d + 3 * d * s.hidden;
  const head = changes.untied === true ? s.vocabulary * d : 0;
  const elements = s.vocabulary * d + s.layers * perLayer + d + s.context * headWidth + head;
  const bytes = new Uint8Array(28 + elements * 4);
  const vocabulary = changes.untied === true ? -s.vocabulary : s.vocabulary;
  new Int32Array(bytes.buffer, 0, 7).set([d, s.hidden, s.layers, s.heads, s.keyValueHeads, vocabulary, s.context]);
  new Float32Array(bytes.buffer, 28).set(Float32Array.from({ length: elements }, (_, i) => i));
  return bytes;
}

const sequence = (start: number, length: number) => Float32Array.from({ length }, (_, i) => start + i);

describe('importLlama2c', () => {
  test('describes the model in the terms of this project', async () => {
    const { config } = await importLlama2c(llama2cFile());
    expect(config).toEqual({
      model_type: 'transformer',
      vocab_size: 11,
      hidden_size: 12,
      intermediate_size: 7,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      head_dim: 6,
      rope_theta: 10000,
      rms_norm_eps: 1e-5,
      embedding_scale: 1,
      qk_norm: false,
      tie_word_embeddings: true,
      max_position_embeddings: 5,
      bos_token_id: 1,
      eos_token_id: [1, 2],
      stages: [{ type: 'self', layers: 3, iterations: 1, attention: 'full', rope: true }],
    });
  });

  test('finds every tensor where llama2.c puts it', async () => {
    const { tensors } = await importLlama2c(llama2cFile());
    const { width: d, hidden, layers, vocabulary } = sizes;
    let at = vocabulary * d;
    const starts: Record<string, number> = {};
    for (const [kind, elements] of [
      ['attention_norm', d],
      ['attention.q_proj', d * d],
      ['attention.k_proj', keyRows * d],
      ['attention.v_proj', keyRows * d],
      ['attention.o_proj', d * d],
      ['feed_forward_norm', d],
      ['feed_forward.gate_proj', hidden * d],
      ['feed_forward.down_proj', hidden * d],
      ['feed_forward.up_proj', hidden * d],
    ] as const) {
      starts[kind] = at;
      for (let layer = 0; layer < layers; layer++) {
        const entry = tensors.get(`model.stages.0.layers.${layer}.${kind}.weight`);
        if (!kind.endsWith('q_proj') && !kind.endsWith('k_proj'))
          expect(await entry?.read()).toEqual(sequence(at, elements));
        at += elements;
      }
    }
    expect(await tensors.get('model.embed_tokens.weight')?.read()).toEqual(sequence(0, vocabulary * d));
    expect(await tensors.get('model.norm.weight')?.read()).toEqual(sequence(at, d));
    expect(tensors.get('model.stages.0.layers.1.feed_forward.down_proj.weight')?.shape).toEqual([d, hidden]);
    expect(tensors.get('model.stages.0.layers.1.feed_forward.up_proj.weight')?.shape).toEqual([hidden, d]);
    expect(tensors.size).toBe(2 + layers * 9);

    const key = await tensors.get('model.stages.0.layers.2.attention.k_proj.weight')?.readFloat32();
    const firstOfRows = Array.from({ length: keyRows }, (_, row) => key?.[row * d]);
    const start = starts['attention.k_proj'] + 2 * keyRows * d;
    expect(firstOfRows).toEqual([0, 2, 4, 1, 3, 5].map((row) => start + row * d));
  });

  test('rotating halves of an imported query equals rotating pairs of the original', async () => {
    const { tensors } = await importLlama2c(llama2cFile());
    const d = sizes.width;
    const original = sequence(sizes.vocabulary * d + sizes.layers * d, d * d);
    const imported =
      (await tensors.get('model.stages.0.layers.0.attention.q_proj.weight')?.readFloat32()) ?? new Float32Array();
    const input = floats(d, 9);
    const project = (weights: Float32Array) =>
      Array.from({ length: d }, (_, row) => input.reduce((sum, x, i) => sum + x * weights[row * d + i], 0));
    const pairs = project(original);
    const halves = project(imported);
    for (let head = 0; head < sizes.heads; head++) {
      for (let i = 0; i < headWidth / 2; i++) {
        expect(halves[head * headWidth + i]).toBe(pairs[head * headWidth + 2 * i]);
        expect(halves[head * headWidth + i + headWidth / 2]).toBe(pairs[head * headWidth + 2 * i + 1]);
      }
    }
  });

  test('reads any rows of permuted tensors', async () => {
    const { tensors } = await importLlama2c(memorySource(llama2cFile(), 'stories.bin'));
    const entry = tensors.get('model.stages.0.layers.1.attention.q_proj.weight');
    const all = await entry?.read();
    for (let start = 0; start < sizes.width; start++) {
      for (let count = 1; start + count <= sizes.width; count++) {
        expect(await entry?.read({ start, count })).toEqual(
          all?.slice(start * sizes.width, (start + count) * sizes.width),
        );
      }
    }
  });

  test('a negative vocabulary size means a head of its own', async () => {
    const { config, tensors } = await importLlama2c(llama2cFile({ untied: true }));
    expect([config.tie_word_embeddings, config.vocab_size]).toEqual([false, 11]);
    const values = await tensors.get('lm_head.weight')?.readFloat32();
    const elements = (llama2cFile({ untied: true }).length - 28) / 4;
    expect(values).toEqual(sequence(elements - 11 * 12, 11 * 12));
  });

  const withHeader = (index: number, value: number): Uint8Array => {
    const bytes = llama2cFile();
    new DataView(bytes.buffer).setInt32(4 * index, value, true);
    return bytes;
  };

  test.each([
    ['nothing', new Uint8Array(0), 'header: expected 28 bytes'],
    ['one byte less', llama2cFile().subarray(0, -1), 'as its header implies'],
    ['one byte more', new Uint8Array([...llama2cFile(), 0]), 'as its header implies'],
    ['a width of zero', withHeader(0, 0), 'positive sizes'],
    ['negative layers', withHeader(2, -1), '-1 layers'],
    ['heads that do not divide the width', withHeader(3, 5), '5 heads'],
    ['key/value heads that do not divide the heads', withHeader(4, 3), '3 key/value heads'],
    ['an odd head width', withHeader(3, 4), '4 heads'],
    ['a vocabulary of zero', withHeader(5, 0), 'vocabulary 0'],
    ['a huge number of layers', withHeader(2, 2147483647), 'as its header implies'],
    ['huge sizes', withHeader(1, 2147483647), 'as its header implies'],
    ['a later version', withHeader(0, 0x616b3432), 'export the model with --version 0'],
  ])('refuses %s', async (_name, bytes, message) => {
    const importing = importLlama2c(bytes);
    await expect(importing).rejects.toThrow(CheckpointError);
    await expect(importing).rejects.toThrow(message);
  });
});

describe('importLlamaFolder', () => {
  const config: Readonly<Record<string, unknown>> = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: 12,
    intermediate_size: 7,
    num_attention_heads: 3,
    num_key_value_heads: 1,
    num_hidden_layers: 2,
    vocab_size: 11,
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    rope_theta: 500000,
    rope_scaling: null,
    attention_bias: false,
    bos_token_id: 1,
    eos_token_id: [2, 3],
    tie_word_embeddings: true,
    torch_dtype: 'bfloat16',
  };

  const weights = (headWidth = 4): WritableTensor[] => {
    const tensor = (name: string, shape: number[]) =>
      tensorOf(
        name,
        shape,
        floats(
          shape.reduce((a, b) => a * b, 1),
          name.length,
        ),
      );
    const layer = (index: number) => [
      tensor(`model.layers.${index}.input_layernorm.weight`, [12]),
      tensor(`model.layers.${index}.self_attn.q_proj.weight`, [3 * headWidth, 12]),
      tensor(`model.layers.${index}.self_attn.k_proj.weight`, [headWidth, 12]),
      tensor(`model.layers.${index}.self_attn.v_proj.weight`, [headWidth, 12]),
      tensor(`model.layers.${index}.self_attn.o_proj.weight`, [12, 3 * headWidth]),
      tensor(`model.layers.${index}.post_attention_layernorm.weight`, [12]),
      tensor(`model.layers.${index}.mlp.gate_proj.weight`, [7, 12]),
      tensor(`model.layers.${index}.mlp.up_proj.weight`, [7, 12]),
      tensor(`model.layers.${index}.mlp.down_proj.weight`, [12, 7]),
    ];
    return [tensor('model.embed_tokens.weight', [11, 12]), ...layer(0), ...layer(1), tensor('model.norm.weight', [12])];
  };

  const open = async (changes: Readonly<Record<string, unknown>> = {}, tensors = weights(), files = {}) => {
    const merged = Object.fromEntries(
      Object.entries({ ...config, ...changes }).filter(([, value]) => value !== undefined),
    );
    return openModelFolder(
      new Map<string, Uint8Array | string>(
        Object.entries({
          'config.json': JSON.stringify(merged),
          'model.safetensors': await encodeSafetensors(tensors),
          ...files,
        }),
      ),
    );
  };

  test('describes the model in the terms of this project', async () => {
    expect(importLlamaFolder(await open()).config).toEqual({
      model_type: 'transformer',
      vocab_size: 11,
      hidden_size: 12,
      intermediate_size: 7,
      num_attention_heads: 3,
      num_key_value_heads: 1,
      head_dim: 4,
      rope_theta: 500000,
      rms_norm_eps: 1e-5,
      embedding_scale: 1,
      qk_norm: false,
      tie_word_embeddings: true,
      max_position_embeddings: 64,
      bos_token_id: 1,
      eos_token_id: [2, 3],
      stages: [{ type: 'self', layers: 2, iterations: 1, attention: 'full', rope: true }],
    });
  });

  test('renames tensors and leaves their values alone', async () => {
    const { tensors } = importLlamaFolder(await open());
    for (const [theirs, ours] of [
      ['model.layers.1.self_attn.q_proj.weight', 'model.stages.0.layers.1.attention.q_proj.weight'],
      ['model.layers.0.mlp.down_proj.weight', 'model.stages.0.layers.0.feed_forward.down_proj.weight'],
      ['model.layers.1.post_attention_layernorm.weight', 'model.stages.0.layers.1.feed_forward_norm.weight'],
      ['model.norm.weight', 'model.norm.weight'],
    ]) {
      const original = weights().find(({ name }) => name === theirs);
      expect(await tensors.get(ours)?.read()).toEqual(await original?.read());
      expect(tensors.get(ours)?.name).toBe(ours);
    }
    expect(tensors.size).toBe(weights().length);
  });

  test('takes the defaults of the format for what is left out, and a head width of its own', async () => {
    const left = {
      rope_theta: undefined,
      rms_norm_eps: undefined,
      max_position_embeddings: undefined,
      bos_token_id: null,
    };
    const { config: ours } = importLlamaFolder(await open({ ...left, head_dim: 6 }, weights(6)));
    expect(ours).toMatchObject({ rope_theta: 10000, rms_norm_eps: 1e-6, max_position_embeddings: 2048, head_dim: 6 });
    expect('bos_token_id' in ours).toBe(false);
  });

  test('reads the newer rope_parameters', async () => {
    const changes = { rope_theta: undefined, rope_parameters: { rope_type: 'default', rope_theta: 20000 } };
    expect(importLlamaFolder(await open(changes)).config.rope_theta).toBe(20000);
  });

  test('keeps an untied head, drops a spare copy of a tied one and stored rotary buffers', async () => {
    const head = tensorOf('lm_head.weight', [11, 12], floats(132));
    const buffer = tensorOf('model.layers.0.self_attn.rotary_emb.inv_freq', [2], floats(2));
    const tied = importLlamaFolder(await open({}, [...weights(), head, buffer]));
    expect(tied.tensors.size).toBe(weights().length);
    const untied = importLlamaFolder(await open({ tie_word_embeddings: false }, [...weights(), head]));
    expect(await untied.tensors.get('lm_head.weight')?.read()).toEqual(floats(132));
  });

  test('carries tokenizer and generation config over', async () => {
    const imported = importLlamaFolder(
      await open({}, weights(), { 'tokenizer.json': '{}', 'generation_config.json': '{"top_k":2}' }),
    );
    expect(imported.tokenizerJson).toBe('{}');
    expect(imported.generationConfig).toEqual({ top_k: 2 });
  });

  test.each([
    ['model_type', 'mistral'],
    ['architectures', ['LlamaForSequenceClassification']],
    ['rope_scaling', { rope_type: 'llama3', factor: 8 }],
    ['rope_scaling', { type: 'linear', factor: 2 }],
    ['rope_scaling', 2],
    ['rope_parameters', { rope_type: 'yarn' }],
    ['attention_bias', true],
    ['mlp_bias', true],
    ['hidden_act', 'gelu'],
    ['sliding_window', 4096],
    ['partial_rotary_factor', 0.5],
    ['quantization_config', { quant_method: 'gptq' }],
    ['tie_word_embeddings', 'yes'],
    ['hidden_size', undefined],
    ['hidden_size', 12.5],
    ['vocab_size', '11'],
    ['num_hidden_layers', 0],
    ['num_hidden_layers', 2147483647],
    ['num_attention_heads', 5],
    ['num_key_value_heads', 2],
    ['head_dim', 3],
    ['rope_theta', -1],
    ['rms_norm_eps', 'small'],
  ])('refuses %s = %j and names it', async (key, value) => {
    const folder = await open({ [key]: value });
    const importing = () => importLlamaFolder(folder);
    expect(importing).toThrow(CheckpointError);
    const named = key === 'architectures' ? 'model_type' : key === 'num_attention_heads' ? 'head_dim' : key;
    expect(importing).toThrow(`memory: config.json: ${named}: `);
  });

  test('refuses weights that are not those of the config', async () => {
    const folder = await open({ num_hidden_layers: 3, tie_word_embeddings: false });
    expect(() => importLlamaFolder(folder)).toThrow('10 missing ("model.stages.0.layers.2.attention_norm.weight"');
    const biased = await open({}, [...weights(), tensorOf('model.layers.0.self_attn.q_proj.bias', [12], floats(12))]);
    expect(() => importLlamaFolder(biased)).toThrow('1 extra ("model.layers.0.self_attn.q_proj.bias")');
  });
});
