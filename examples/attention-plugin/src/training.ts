/** A run from a nursery rhyme to a model folder whose first stage is ALiBi, for the tests of all backends. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRequest } from '@yoco-u/train';
import { runTraining } from '@yoco-u/train/node';
import { builtInAttention, createBackend } from '@yoco-u/yoco-u';
import { loadModelFolder } from '@yoco-u/yoco-u/node';
import { alibiAttention, alibiPlugin } from './index.ts';

type BackendName = 'reference' | 'wasm' | 'webgpu';

const verses = [
  'the house that Jack built.',
  'the malt that lay in',
  'the rat that ate',
  'the cat that killed',
  'the dog that worried',
  'the cow with the crumpled horn that tossed',
  'the maiden all forlorn that milked',
  'the man all tattered and torn that kissed',
];

/** This is the house … This is the malt that lay in the house …: one document a verse. */
const rhyme = verses
  .map(
    (_, last) =>
      `This is ${verses
        .slice(0, last + 1)
        .reverse()
        .join(' ')}`,
  )
  .join('\n<|endoftext|>\n');

export interface TrainedModel {
  readonly folder: string;
  /** Of each step. */
  readonly losses: readonly number[];
}

/** Trains in a folder of its own, which the caller removes. The same seeds and text every time. */
export async function trainRhyme(backend: BackendName, steps: number): Promise<TrainedModel> {
  const folder = await mkdtemp(join(tmpdir(), 'alibi-'));
  await writeFile(join(folder, 'rhyme.txt'), rhyme);
  await using device = await createBackend({ backend, plugins: [alibiPlugin], threads: 1 });
  const losses: number[] = [];
  const request: RunRequest = {
    data: [join(folder, 'rhyme.txt')],
    vocabularySize: 280,
    model: {
      hidden_size: 32,
      intermediate_size: 64,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 10,
      stages: [
        { type: 'self', layers: 1, iterations: 2, attention: 'alibi', rope: false },
        { type: 'cross', layers: 1, attention: 'full', rope: false },
      ],
    },
    iterations: 2,
    sequenceLength: 48,
    batch: 4,
    steps: 60,
    optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 },
    learningRate: 0.02,
    validation: { every: 0, share: 0.2 },
    seed: 1,
  };
  const registry = [...builtInAttention, alibiAttention];
  for await (const event of runTraining({ folder, request, stopAt: steps, backend: device, registry })) {
    if (event.type === 'step') losses.push(event.loss);
  }
  return { folder, losses };
}

/** Goes on from a prompt with the likeliest tokens: prefill in chunks, then one token a run. */
export async function continueGreedily(folder: string, backend: BackendName, prompt: string): Promise<string> {
  await using loaded = await loadModelFolder(folder, { backend, plugins: [alibiPlugin], threads: 1 });
  let text = '';
  for await (const part of loaded.model.generate({ prompt, maxTokens: 24, sampling: { temperature: 0 } })) {
    if (part.type === 'text') text += part.text;
  }
  return text;
}
