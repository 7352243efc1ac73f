/** A Llama-shaped model of random float32 weights as a GGUF file (version 3), for engines that read nothing else. */
import { type FileHandle, open } from 'node:fs/promises';
import type { ModelConfig } from '@yoco-u/model';

interface GgufTensor {
  readonly name: string;
  /** Outermost first. */
  readonly shape: readonly number[];
}

/** What bytes mean, as the format numbers it. */
const valueType = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;
const alignment = 32;
const padding = (bytes: number): number => (alignment - (bytes % alignment)) % alignment;

/** Writes a Transformer of that shape: one stage of full attention. The first token ids are `<unk>`, `<s>`, `</s>` and the 256 bytes. */
export async function writeRandomGguf(path: string, config: ModelConfig): Promise<void> {
  const tensors = tensorsOf(config);
  await using file = await open(path, 'w');
  const header = headerOf(config, tensors);
  await file.write(header);
  await file.write(new Uint8Array(padding(header.byteLength)));
  for (const tensor of tensors) await writeTensor(file, tensor);
}

const layersOf = ({ stages }: ModelConfig): number => stages.reduce((sum, { layers }) => sum + layers.length, 0);

function tensorsOf(config: ModelConfig): readonly GgufTensor[] {
  const { vocabularySize: V, hiddenSize: C, intermediateSize: F, heads, keyValueHeads, headDim } = config;
  const [queries, keys] = [heads * headDim, keyValueHeads * headDim];
  const layer = (name: string, ...size: number[]): GgufTensor => ({ name: `${name}.weight`, shape: size });
  return [
    layer('token_embd', V, C),
    ...Array.from({ length: layersOf(config) }, (_, index) => `blk.${index}`).flatMap((at) => [
      layer(`${at}.attn_norm`, C),
      layer(`${at}.attn_q`, queries, C),
      layer(`${at}.attn_k`, keys, C),
      layer(`${at}.attn_v`, keys, C),
      layer(`${at}.attn_output`, C, queries),
      layer(`${at}.ffn_norm`, C),
      layer(`${at}.ffn_gate`, F, C),
      layer(`${at}.ffn_up`, F, C),
      layer(`${at}.ffn_down`, C, F),
    ]),
    layer('output_norm', C),
    ...(config.tieWordEmbeddings ? [] : [layer('output', V, C)]),
  ];
}

function headerOf(config: ModelConfig, tensors: readonly GgufTensor[]): Buffer {
  const pieces: Buffer[] = [];
  const uint32 = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    pieces.push(bytes);
  };
  const uint64 = (value: number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    pieces.push(bytes);
  };
  const text = (value: string): void => {
    const bytes = Buffer.from(value);
    uint64(bytes.byteLength);
    pieces.push(bytes);
  };
  const float32 = (value: number): void => void pieces.push(Buffer.from(Float32Array.of(value).buffer));
  const entries: (() => void)[] = [];
  const entry = (key: string, type: number, write: () => void): void =>
    void entries.push(() => {
      text(key);
      uint32(type);
      write();
    });
  const string = (key: string, value: string): void => entry(key, valueType.string, () => text(value));
  const integer = (key: string, value: number): void => entry(key, valueType.uint32, () => uint32(value));
  const float = (key: string, value: number): void => entry(key, valueType.float32, () => float32(value));
  const list = <T>(key: string, type: number, values: readonly T[], write: (value: T) => void): void =>
    entry(key, valueType.array, () => {
      uint32(type);
      uint64(values.length);
      for (const value of values) write(value);
    });

  string('general.architecture', 'llama');
  string('general.name', 'random');
  integer('llama.vocab_size', config.vocabularySize);
  integer('llama.context_length', config.contextLength);
  integer('llama.embedding_length', config.hiddenSize);
  integer('llama.feed_forward_length', config.intermediateSize);
  integer('llama.block_count', layersOf(config));
  integer('llama.attention.head_count', config.heads);
  integer('llama.attention.head_count_kv', config.keyValueHeads);
  integer('llama.rope.dimension_count', config.headDim);
  float('llama.rope.freq_base', config.ropeTheta);
  float('llama.attention.layer_norm_rms_epsilon', config.normEps);
  const ids = Array.from({ length: config.vocabularySize }, (_, id) => id);
  string('tokenizer.ggml.model', 'llama');
  list('tokenizer.ggml.tokens', valueType.string, ids, (id) => text(tokenText(id)));
  list('tokenizer.ggml.scores', valueType.float32, ids, (id) => float32(-id));
  list('tokenizer.ggml.token_type', valueType.int32, ids, (id) => uint32(tokenType(id)));
  integer('tokenizer.ggml.unknown_token_id', 0);
  integer('tokenizer.ggml.bos_token_id', 1);
  integer('tokenizer.ggml.eos_token_id', 2);

  pieces.push(Buffer.from('GGUF'));
  uint32(3);
  uint64(tensors.length);
  uint64(entries.length);
  for (const write of entries) write();
  let offset = 0;
  for (const { name, shape: size } of tensors) {
    text(name);
    uint32(size.length);
    // innermost first
    for (const length of size.toReversed()) uint64(length);
    // float32
    uint32(0);
    uint64(offset);
    const bytes = 4 * elements(size);
    offset += bytes + padding(bytes);
  }
  return Buffer.concat(pieces);
}

const special = ['<unk>', '<s>', '</s>'];

function tokenText(id: number): string {
  const byte = id - special.length;
  if (byte < 0) return special[id]!;
  return byte < 256 ? `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>` : `token${id}`;
}

/** 1 text, 2 unknown, 3 control, 6 a byte. */
function tokenType(id: number): number {
  if (id < special.length) return id === 0 ? 2 : 3;
  return id < special.length + 256 ? 6 : 1;
}

const elements = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Matrices uniform in ±sqrt(3 / inner), which keeps activations near unit size; vectors are ones. */
async function writeTensor(file: FileHandle, { shape }: GgufTensor): Promise<void> {
  const values = new Float32Array(elements(shape));
  const [, inner] = shape;
  if (inner === undefined) values.fill(1);
  else {
    const range = 2 * Math.sqrt(3 / inner);
    let state = 1;
    for (let index = 0; index < values.length; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      values[index] = (state / 2 ** 32) * range;
    }
  }
  await file.write(new Uint8Array(values.buffer));
  await file.write(new Uint8Array(padding(values.byteLength)));
}
