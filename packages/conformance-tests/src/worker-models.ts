/** Random models in workers, for the tests of both platforms. */
import type { LanguageModelSuiteOptions } from '@yoco-u/conformance';
import type { RandomModelRequest } from './random-model-worker.ts';

const stages = [
  { type: 'self', layers: 2, iterations: 2, attention: 'sliding_window', window: 9, rope: true },
  { type: 'cross', layers: 1, attention: 'full' },
];

// a quarter of the ids end a text: one of them comes soon
const endOfText = Array.from({ length: 64 }, (_, index) => 4 * index);

export const endingSuites: LanguageModelSuiteOptions = {
  ending: { prompt: 'Once', maxTokens: 40, sampling: { temperature: 1, seed: 5 } },
};

export function randomModel(threads: number, sequences: number): RandomModelRequest {
  return { stages, sequences, endOfText, threads };
}
