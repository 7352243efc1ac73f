import { Worker } from 'node:worker_threads';
import { describeLanguageModel } from '@yoco-u/conformance';
import { connectLanguageModel } from '@yoco-u/worker';
import { endingSuites, randomModel } from './worker-models.ts';

const create = async () => {
  const execArgv = ['--conditions=@yoco-u/source'];
  const worker = new Worker(new URL('./random-model-worker.ts', import.meta.url), { execArgv });
  return (await connectLanguageModel(worker, randomModel(2, 3))).model;
};

describeLanguageModel('in a worker thread', create, endingSuites);
