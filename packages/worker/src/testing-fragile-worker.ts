/** A worker script that breaks on request. For tests only. */
import { serveLanguageModel } from './serve.ts';
import { createCountingModel, tokenizerJson } from './testing.ts';
import { workerPort } from './worker-port.ts';

function breakDown(how: unknown): void {
  if (how === 'exit') {
    if (globalThis.process === undefined) globalThis.close();
    else process.exit(7);
  }
  if (how !== 'throw') return;
  setTimeout(() => {
    throw new Error('what broke it');
  });
}

const { model } = createCountingModel();

serveLanguageModel(await workerPort(), async (request) => {
  breakDown(request);
  return {
    model: {
      ...model,
      generate(generateRequest) {
        breakDown(generateRequest.prompt);
        return model.generate(generateRequest);
      },
    },
    tokenizerJson,
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
});
