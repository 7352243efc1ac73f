import type { LanguageModel } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { connectLanguageModel } from './connect.ts';
import { WorkerError } from './plain-error.ts';

function fragileWorker(): Worker {
  return new Worker(new URL('./testing-fragile-worker.ts', import.meta.url), { type: 'module' });
}

const drain = async (model: LanguageModel, prompt: string): Promise<void> => {
  for await (const _ of model.generate({ prompt, maxTokens: 900 }));
};

describe('a Web Worker', () => {
  test.each(['throw', 'exit'])('that ends itself (%s) ends every call', async (how) => {
    const { model } = await connectLanguageModel(fragileWorker(), 'load');
    const other = drain(model, 'go on');
    for (const settled of await Promise.allSettled([drain(model, how), other])) {
      expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'worker' } });
    }
    await expect(model.score([1, 2], 1)).rejects.toThrow(WorkerError);
    await model[Symbol.asyncDispose]();
  });

  test('whose script cannot be loaded is an error of the load', async () => {
    const worker = new Worker('/no-such-script.js', { type: 'module' });
    await expect(connectLanguageModel(worker, 'load')).rejects.toThrow(WorkerError);
  });
});
