import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tensorOf } from '@yoco-u/checkpoint';
import { writeModelFolder } from '@yoco-u/checkpoint/node';
import { listParameters, parseConfig } from '@yoco-u/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtInAttention } from './attention.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yoco-u-load-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes a model of this width to disk and loads it in a process of its own. */
async function load(hiddenSize: number, dtype: 'F32' | 'BF16'): Promise<{ weights: number; peak: number }> {
  const config = {
    model_type: 'transformer',
    vocab_size: 4096,
    hidden_size: hiddenSize,
    intermediate_size: 3 * hiddenSize,
    num_attention_heads: 8,
    num_key_value_heads: 8,
    head_dim: hiddenSize / 8,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    max_position_embeddings: 64,
    stages: [{ type: 'self', layers: 4, attention: 'full', rope: true }],
  };
  const path = join(folder, `${hiddenSize}-${dtype}`);
  const tensors = listParameters(parseConfig(config, builtInAttention)).map(({ name, shape }) => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.01);
    return tensorOf(name, shape, values, dtype);
  });
  await writeModelFolder(path, { config, tensors });
  const program = join(import.meta.dirname, 'testing-load-memory.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions', '@yoco-u/source', program, path]);
  return JSON.parse(stdout);
}

test.each(['F32', 'BF16'] as const)('loading %s takes at most 1.2 times the resident weights', async (dtype) => {
  const small = await load(64, dtype);
  const large = await load(1024, dtype);
  expect(large.weights).toBeGreaterThan(200e6);
  // what a process needs anyway is what the small model shows
  const taken = large.peak - small.peak + small.weights;
  expect(taken).toBeGreaterThan(large.weights * 0.9);
  expect(taken).toBeLessThan(large.weights * 1.2);
});
