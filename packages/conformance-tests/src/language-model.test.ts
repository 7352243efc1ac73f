import { describeLanguageModel } from '@yoco-u/conformance';
import { allBackends } from './backends.ts';
import { createRandomModel, variantKernels } from './random-model.ts';

const cross = { type: 'cross', layers: 1, attention: 'full' };
const sliding = { type: 'self', layers: 2, iterations: 2, attention: 'sliding_window', window: 9, rope: true };
const retention = { type: 'self', layers: 1, iterations: 2, attention: 'gated_retention' };

interface System {
  readonly name: string;
  readonly sequences: number;
  readonly stages: readonly object[];
}

const systems: readonly System[] = [
  { name: 'YOCO-U', sequences: 1, stages: [sliding, cross] },
  {
    name: 'Transformer, two sequences',
    sequences: 2,
    stages: [{ type: 'self', layers: 2, attention: 'full', rope: true }],
  },
  { name: 'gated retention, three sequences', sequences: 3, stages: [retention, cross] },
];

// a quarter of the ids end a text: one of them comes soon
const endOfText = Array.from({ length: 64 }, (_, index) => 4 * index);
const ending = { prompt: 'Once', maxTokens: 40, sampling: { temperature: 1, seed: 5 } };

for (const { name: backend, create } of allBackends(variantKernels)) {
  for (const { name, sequences, stages } of systems) {
    const model = async () => createRandomModel(await create(), { stages, sequences, endOfText });
    describeLanguageModel(`${name} on ${backend}`, model, { ending });
  }
}
