/** A language model of no weights, both ends of a port, and what tests do with them. */
import type { GeneratePart, GenerateRequest, LanguageModel } from '@yoco-u/spec';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { connectLanguageModel } from './connect.ts';
import { type LoadServedModel, serveLanguageModel } from './serve.ts';

/** A tokenizer of three letters. */
export const tokenizerJson = JSON.stringify({
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  model: { type: 'BPE', vocab: { a: 0, b: 1, c: 2 }, merges: [] },
});

export interface Trace {
  /** Tokens that each generation computed. */
  readonly computed: number[];
  /** Generations under way. */
  open: number;
  disposed: boolean;
  readonly requests: GenerateRequest[];
}

/** Yields the ids 0, 1, 2, 0, … with their letters, a token a macrotask, and writes down what happens to it. */
export function createCountingModel(): { readonly model: LanguageModel; readonly trace: Trace } {
  const trace: Trace = { computed: [], open: 0, disposed: false, requests: [] };
  const finish = (completionTokens: number, reason: 'length' | 'abort'): GeneratePart => ({
    type: 'finish',
    reason,
    usage: { promptTokens: 1, completionTokens, cachedTokens: 0, cacheBytes: 0 },
    timings: { prefillMs: 1, decodeMs: 1, firstTokenMs: 1, prefillTokensPerSecond: 1, decodeTokensPerSecond: 1 },
  });
  const model: LanguageModel = {
    specVersion: 1,
    id: 'counting',
    contextLength: 1000,
    vocabularySize: 3,
    bosTokenId: undefined,
    tokenizer: parseTokenizer(tokenizerJson),
    async *generate(request) {
      const own = trace.requests.push(request) - 1;
      trace.computed[own] = 0;
      trace.open++;
      try {
        request.onPrefill?.(1, 1);
        for (let count = 0; count < request.maxTokens!; count++) {
          await new Promise((resolve) => setTimeout(resolve));
          if (request.signal?.aborted) return void (yield finish(count, 'abort'));
          trace.computed[own]!++;
          yield { type: 'token', id: count % 3 };
          yield { type: 'text', text: 'abc'[count % 3]! };
        }
        yield finish(request.maxTokens!, 'length');
      } finally {
        trace.open--;
      }
    },
    score: async (ids, from) => Float32Array.from(Array.from(ids).slice(from)),
    [Symbol.asyncDispose]: async () => {
      trace.disposed = true;
    },
  };
  return { model, trace };
}

/** A model behind the two ends of one channel, in this thread. */
export async function connectHere(model: LanguageModel, load?: LoadServedModel) {
  const { port1, port2 } = new MessageChannel();
  const dispose = () => model[Symbol.asyncDispose]();
  serveLanguageModel(port2, load ?? (async () => ({ model, tokenizerJson, [Symbol.asyncDispose]: dispose })));
  const connected = await connectLanguageModel(port1, undefined);
  return { ...connected, inside: port2 };
}
