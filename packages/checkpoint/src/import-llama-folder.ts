/** Llama-family models in Hugging Face's folder format. */
import { checkTensors } from './check-tensors.ts';
import { describeValue, failure, quote } from './fail.ts';
import {
  type ImportedModel,
  type LlamaSizes,
  layerPrefix,
  transformerConfig,
  transformerShapes,
} from './imported-model.ts';
import type { ModelFolder } from './model-folder.ts';
import { isJsonObject } from './strict-json.ts';
import type { TensorEntry } from './tensor-entry.ts';

/** Also carries over the files that need no conversion. */
export interface ImportedFolder extends ImportedModel {
  readonly generationConfig?: Readonly<Record<string, unknown>>;
  readonly tokenizerJson?: string;
}

const layerNames: ReadonlyMap<string, string> = new Map([
  ['input_layernorm', 'attention_norm'],
  ['self_attn.q_proj', 'attention.q_proj'],
  ['self_attn.k_proj', 'attention.k_proj'],
  ['self_attn.v_proj', 'attention.v_proj'],
  ['self_attn.o_proj', 'attention.o_proj'],
  ['post_attention_layernorm', 'feed_forward_norm'],
  ['mlp.gate_proj', 'feed_forward.gate_proj'],
  ['mlp.up_proj', 'feed_forward.up_proj'],
  ['mlp.down_proj', 'feed_forward.down_proj'],
]);

/** Buffers that old files store and nobody reads. */
const ignored = /\.rotary_emb\.inv_freq$/;

/**
 * A `LlamaForCausalLM` folder in this project's format. Weights stay where they are and are read when asked for; keep the folder
 * open until then. Throws `CheckpointError` naming the key or tensor for what the architecture here cannot express (scaled rotation,
 * biases, other activations, quantised weights) and for weights that are not those of the config.
 */
export function importLlamaFolder(folder: ModelFolder): ImportedFolder {
  const sizes = readSizes(folder.config, `${folder.name}: config.json`);
  // Before anything is made per layer: a damaged config may promise a thousand million layers.
  if (sizes.layers > folder.tensors.size) {
    const where = `${folder.name}: config.json: num_hidden_layers`;
    const expected = `at most ${folder.tensors.size}, as many as there are tensors`;
    throw failure({ where, expected, got: String(sizes.layers), fix: 'config and weights belong to different models' });
  }
  const tensors = new Map<string, TensorEntry>();
  for (const [name, entry] of folder.tensors) {
    const isSpare = ignored.test(name) || (sizes.tiedHead && name === 'lm_head.weight');
    const ours = nameOf(name);
    // The entry's own name stays in its errors: it is the one to look for in the file.
    if (!isSpare) tensors.set(ours, { ...entry, name: ours });
  }
  const expected = Array.from(transformerShapes(sizes), ([name, shape]) => ({ name, shape }));
  checkTensors(expected, { name: folder.name, tensors });
  const { bos_token_id: bos, eos_token_id: eos } = folder.config;
  return {
    config: {
      ...transformerConfig(sizes),
      // null means none, in both formats.
      ...(bos === undefined || bos === null ? {} : { bos_token_id: bos }),
      ...(eos === undefined || eos === null ? {} : { eos_token_id: eos }),
    },
    tensors,
    ...(folder.generationConfig === undefined ? {} : { generationConfig: folder.generationConfig }),
    ...(folder.tokenizerJson === undefined ? {} : { tokenizerJson: folder.tokenizerJson }),
  };
}

function nameOf(name: string): string {
  const match = /^model\.layers\.(0|[1-9]\d{0,5})\.(.+)\.weight$/.exec(name);
  const ours = match === null ? undefined : layerNames.get(match[2]);
  return match === null || ours === undefined ? name : `${layerPrefix(Number(match[1]))}.${ours}.weight`;
}

type Config = Readonly<Record<string, unknown>>;

function readSizes(config: Config, where: string): LlamaSizes {
  requireLlama(config, where);
  const size = (key: string, fallback?: number): number => readSize(config, key, where, fallback);
  const width = size('hidden_size');
  const heads = size('num_attention_heads');
  const keyValueHeads = size('num_key_value_heads', heads);
  const headWidth = size('head_dim', width / heads);
  if (heads % keyValueHeads !== 0) {
    const expected = `a divisor of num_attention_heads (${heads})`;
    throw failure({
      where: `${where}: num_key_value_heads`,
      expected,
      got: String(keyValueHeads),
      fix: 'correct config.json',
    });
  }
  if (headWidth % 2 !== 0) {
    throw failure({
      where: `${where}: head_dim`,
      expected: 'an even number',
      got: String(headWidth),
      fix: 'correct config.json',
    });
  }
  return {
    vocabularySize: size('vocab_size'),
    width,
    hiddenWidth: size('intermediate_size'),
    layers: size('num_hidden_layers'),
    heads,
    keyValueHeads,
    headWidth,
    contextLength: size('max_position_embeddings', 2048),
    ropeTheta: readRopeTheta(config, where),
    normEpsilon: readPositive(config, 'rms_norm_eps', where, 1e-6),
    tiedHead: config.tie_word_embeddings === true,
  };
}

/** Refuses what would load and then compute something else. */
function requireLlama(config: Config, where: string): void {
  const architectures = Array.isArray(config.architectures) ? config.architectures : [];
  if (config.model_type !== 'llama' || architectures.some((name) => name !== 'LlamaForCausalLM')) {
    const got = `${describeValue(config.model_type)}${architectures.length > 0 ? ` (${quote(architectures.join(', '))})` : ''}`;
    const fix = 'only Llama-architecture models can be imported';
    throw failure({ where: `${where}: model_type`, expected: '"llama" (LlamaForCausalLM)', got, fix });
  }
  const allowed: readonly (readonly [string, readonly unknown[]])[] = [
    ['hidden_act', [undefined, 'silu', 'swish']],
    ['attention_bias', [undefined, null, false]],
    ['mlp_bias', [undefined, null, false]],
    ['sliding_window', [undefined, null]],
    ['partial_rotary_factor', [undefined, null, 1]],
    ['quantization_config', [undefined, null]],
    ['tie_word_embeddings', [undefined, null, false, true]],
  ];
  for (const [key, values] of allowed) {
    if (values.includes(config[key])) continue;
    const expected = values.filter((value) => value !== undefined && value !== null).map(describeValue);
    throw failure({
      where: `${where}: ${key}`,
      expected: expected.length > 0 ? `${expected.join(' or ')}, or no such key` : 'no such key',
      got: describeValue(config[key]),
      fix: 'this variant of the architecture is not supported: choose another model',
    });
  }
}

/** `rope_scaling` and its successor `rope_parameters` may be there as long as they scale nothing. */
function readRopeTheta(config: Config, where: string): number {
  let theta = readPositive(config, 'rope_theta', where, 10_000);
  for (const key of ['rope_scaling', 'rope_parameters']) {
    const value = config[key];
    if (value === undefined || value === null) continue;
    const type = isJsonObject(value) ? (value.rope_type ?? value.type) : undefined;
    if (!isJsonObject(value) || type !== 'default') {
      throw failure({
        where: `${where}: ${key}`,
        expected: 'no scaling (type "default", or no such key)',
        got: isJsonObject(value) ? `type ${describeValue(type)}` : describeValue(value),
        fix: 'scaled rotary embeddings are not supported: choose another model',
      });
    }
    theta = readPositive(value, 'rope_theta', `${where}: ${key}`, theta);
  }
  return theta;
}

function readSize(config: Config, key: string, where: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < 2 ** 31) return value;
  const fix = config[key] === undefined && fallback === undefined ? 'add it to config.json' : 'correct config.json';
  throw failure({
    where: `${where}: ${key}`,
    expected: 'an integer above 0 and below 2^31',
    got: describeValue(value),
    fix,
  });
}

function readPositive(config: Config, key: string, where: string, fallback: number): number {
  const value = config[key] ?? fallback;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw failure({
    where: `${where}: ${key}`,
    expected: 'a number above 0',
    got: describeValue(value),
    fix: 'correct config.json',
  });
}
