import { Worker } from 'node:worker_threads';
import { describeLanguageModel } from '@yoco-u/conformance';
import { connectLanguageModel } from '@yoco-u/worker';
import { endingSuites, randomModel } from './worker-models.ts';

for (const [threads, sequences] of [
  [1, 1],
  [2, 3],
] as const) {
  const create = async () => {
    const execArgv = ['--conditions=@yoco-u/source'];
    const worker = new Worker(new URL('./random-model-worker.ts', import.meta.url), { execArgv });
    const { model } = await connectLanguageModel(worker, randomModel(threads, sequences));
    return model;
  };
  describeLanguageModel(`in a worker thread, ${threads} threads, ${sequences} sequences`, create, endingSuites);
}
