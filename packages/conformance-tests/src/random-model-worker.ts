/** The script of a worker that serves a random model on the WASM backend. */
import { createWasmBackend } from '@yoco-u/backend-wasm';
import { serializeTokenizer } from '@yoco-u/tokenizer';
import { serveLanguageModel, workerPort } from '@yoco-u/worker';
import { createByteTokenizer } from './byte-tokenizer.ts';
import { createRandomModel, type RandomModelOptions, variantKernels } from './random-model.ts';

export interface RandomModelRequest extends RandomModelOptions {
  readonly threads: number;
}

serveLanguageModel(await workerPort(), async (request) => {
  const { threads, ...options } = request as RandomModelRequest;
  const backend = await createWasmBackend({ kernels: variantKernels.wasm ?? [], threads });
  const model = await createRandomModel(backend, options);
  return {
    model,
    tokenizerJson: serializeTokenizer(createByteTokenizer()),
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
});
