/** Tiny models, backends and texts for tests. */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { softmaxAttention } from '@yoco-u/attention-softmax';
import { parseConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { createMemoryCorpus } from './data/corpus.ts';
import { documentsOf } from './data/dataset.ts';
import { createRowStream, type RowStream } from './data/row-stream.ts';
import { initialWeights } from './initialize.ts';
import { createTrainer, type Trainer, type TrainerOptions } from './trainer.ts';

export const registry = [...softmaxAttention, gatedRetention];

/** Ids are bytes; 256 stands between documents. */
export const tinyConfig = parseConfig(
  {
    model_type: 'yoco_u',
    vocab_size: 257,
    hidden_size: 12,
    intermediate_size: 20,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 6,
    rope_theta: 10000,
    rms_norm_eps: 1e-6,
    qk_norm: true,
    tie_word_embeddings: true,
    max_position_embeddings: 64,
    bos_token_id: 256,
    eos_token_id: 256,
    stages: [
      { type: 'self', layers: 1, iterations: 2, attention: 'sliding_window', window: 5, rope: true },
      { type: 'cross', layers: 1, attention: 'full' },
    ],
  },
  registry,
);

/** Float32, as checkpoints are: what is resumed is what was saved. */
export function float32Reference(): Backend {
  return createReferenceBackend({ precision: 32, kernels: registry.flatMap(({ kernels }) => kernels) });
}

export const adamw = { kind: 'adamw', beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 } as const;

export const muon = { ...adamw, kind: 'muon', momentum: 0.95 } as const;

export async function tinyTrainer(
  options: Partial<TrainerOptions> & Pick<TrainerOptions, 'backend'>,
): Promise<Trainer> {
  const trainer = await createTrainer({
    config: tinyConfig,
    sequences: 3,
    sequenceLength: 7,
    optimizer: adamw,
    clip: 1,
    ...options,
  });
  for (const { name, values } of initialWeights(options.config ?? tinyConfig, 5)) trainer.write(name, values);
  return trainer;
}

export const byteTokenizer = {
  vocabularySize: 257,
  specialTokens: new Map([['<|endoftext|>', 256]]),
  encode: (text: string) => Array.from(new TextEncoder().encode(text)),
  decode: (ids: Iterable<number>) => new TextDecoder().decode(Uint8Array.from(ids)),
  bytesOf: (id: number) => (id < 256 ? Uint8Array.of(id) : new TextEncoder().encode('<|endoftext|>')),
  createDecoder: () => ({ push: (id: number) => String.fromCharCode(id), flush: () => '' }),
};

export const documents = [
  'The fox saw the hen, and the hen saw the fox.',
  'A wolf came down the hill to drink.',
  'The crow sat on a branch with a piece of cheese.',
  'The hare laughed at the tortoise and lay down to sleep.',
];

export async function tinyRows(sequenceLength = 7, seed = 3): Promise<RowStream> {
  const corpus = await createMemoryCorpus(
    documents.map((text) => ({ text, end: true })),
    byteTokenizer,
  );
  return createRowStream(documentsOf(corpus), { sequenceLength, seed, bosTokenId: 256 });
}

/** Every weight and moment by name. */
export async function readAll(trainer: Trainer): Promise<ReadonlyMap<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const name of [...trainer.weightNames, ...trainer.momentNames]) values.set(name, await trainer.read(name));
  return values;
}
