import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@yoco-u/model';
import { builtInAttention } from '@yoco-u/yoco-u';
import { expect, test } from 'vitest';
import { writeRandomGguf } from './gguf.ts';

const config = {
  model_type: 'transformer',
  vocab_size: 301,
  hidden_size: 12,
  intermediate_size: 20,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 6,
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  max_position_embeddings: 64,
  stages: [{ type: 'self', layers: 2, attention: 'full', rope: true }],
};

test.each([
  [false, 2 + 2 * 9 + 1],
  [true, 2 + 2 * 9],
])('tied embeddings: %s: %i tensors, each where the header says', async (tied, count) => {
  const folder = await mkdtemp(join(tmpdir(), 'yoco-u-gguf-'));
  try {
    const path = join(folder, 'random.gguf');
    await writeRandomGguf(path, parseConfig({ ...config, tie_word_embeddings: tied }, builtInAttention));
    const file = await readFile(path);
    expect([file.toString('latin1', 0, 4), file.readUInt32LE(4), file.readBigUInt64LE(8)]).toEqual([
      'GGUF',
      3,
      BigInt(count),
    ]);
    // the last tensor's entry ends the header: its name, 2 dimensions or 1, float32, and its offset
    const name = tied ? 'output_norm.weight' : 'output.weight';
    const [length, dimensions] = tied ? [12, [12]] : [301 * 12, [12, 301]];
    let at = file.indexOf(name, file.indexOf(`blk.1.ffn_down`)) + name.length;
    expect(file.readUInt32LE(at)).toBe(dimensions.length);
    expect(dimensions.map((_, index) => Number(file.readBigUInt64LE(at + 4 + 8 * index)))).toEqual(dimensions);
    at += 4 + 8 * dimensions.length;
    expect(file.readUInt32LE(at)).toBe(0);
    const offset = Number(file.readBigUInt64LE(at + 4));
    const data = Math.ceil((at + 12) / 32) * 32;
    const bytes = Math.ceil((4 * length) / 32) * 32;
    expect(file.length).toBe(data + offset + bytes);
    expect(file.readFloatLE(data + offset) === 1).toBe(tied);
  } finally {
    await rm(folder, { recursive: true });
  }
});
