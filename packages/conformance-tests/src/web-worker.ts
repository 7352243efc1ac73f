/** Random models in Web Workers. */
import type { LanguageModel } from '@yoco-u/spec';
import { connectLanguageModel } from '@yoco-u/worker';
import { randomModel } from './worker-models.ts';

export async function createInWebWorker(threads: number, sequences: number): Promise<LanguageModel> {
  const worker = new Worker(new URL('./random-model-worker.ts', import.meta.url), { type: 'module' });
  return (await connectLanguageModel(worker, randomModel(threads, sequences))).model;
}
