import { Worker } from 'node:worker_threads';
import type { LanguageModel } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { connectLanguageModel } from './connect.ts';
import { WorkerError } from './plain-error.ts';

/** A worker whose model ends its own thread when asked to generate. */
function fragileWorker(): Worker {
  return new Worker(new URL('./testing-fragile-worker.ts', import.meta.url), {
    execArgv: ['--conditions=@yoco-u/source'],
  });
}

const drain = async (model: LanguageModel, prompt: string): Promise<void> => {
  for await (const _ of model.generate({ prompt, maxTokens: 900 }));
};

describe('a worker thread', () => {
  test.each([
    ['throw', 'what broke it'],
    ['exit', 'exit code 7'],
  ])('that ends itself (%s) ends every call, with the reason', async (how, reason) => {
    const { model } = await connectLanguageModel(fragileWorker(), 'load');
    const other = drain(model, 'go on');
    const caught = Promise.allSettled([drain(model, how), other, model.score([1, 2], 1)]);
    for (const settled of (await caught).slice(0, 2)) {
      expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'worker' } });
      expect(String((settled as PromiseRejectedResult).reason)).toContain(reason);
    }
    await expect(model.score([1, 2], 1)).rejects.toThrow(WorkerError);
    await model[Symbol.asyncDispose]();
  });

  test('that ends while it loads is an error of the load', async () => {
    await expect(connectLanguageModel(fragileWorker(), 'exit')).rejects.toThrow('exit code 7');
  });

  test('whose script does not exist is an error of the load', async () => {
    const worker = new Worker(new URL('./no-such-script.js', import.meta.url));
    await expect(connectLanguageModel(worker, 'load')).rejects.toThrow('no-such-script');
  });

  test('ends with its model', async () => {
    const worker = fragileWorker();
    const exit = new Promise((resolve) => worker.on('exit', resolve));
    const { model } = await connectLanguageModel(worker, 'load');
    await model[Symbol.asyncDispose]();
    await exit;
  });
});
