/** A language model whose words are known: a token is a byte, and it says what the test wants. */
import type {
  AlternativeToken,
  GeneratePart,
  GenerateRequest,
  LanguageModel,
  TokenDecoder,
  Tokenizer,
} from '@yoco-u/spec';

export const specials = { bos: 256, turn: 257, end: 258 };
const specialTexts = ['<s>', '<|turn|>', '<|end|>'];
const vocabularySize = 259;

/** Bytes, then the special tokens. */
export const byteTokenizer: Tokenizer = {
  vocabularySize,
  specialTokens: new Map(specialTexts.map((text, index) => [text, 256 + index])),
  encode(text, { special = false } = {}) {
    if (!special) return [...new TextEncoder().encode(text)];
    return text
      .split(/(<s>|<\|turn\|>|<\|end\|>)/)
      .flatMap((piece) => byteTokenizer.specialTokens.get(piece) ?? byteTokenizer.encode(piece));
  },
  decode(ids) {
    const decoder = createDecoder();
    return [...ids].map((id) => decoder.push(id)).join('') + decoder.flush();
  },
  bytesOf: (id) => (id < 256 ? Uint8Array.of(id) : new TextEncoder().encode(specialTexts[id - 256]!)),
  createDecoder,
};

function createDecoder(): TokenDecoder {
  const decoder = new TextDecoder();
  return {
    push: (id) => decoder.decode(byteTokenizer.bytesOf(id), { stream: true }),
    flush: () => decoder.decode(),
  };
}

/** The ids that the model says after a prompt; they may depend on the seed. */
export type Reply = (request: GenerateRequest) => string;

export interface ScriptedModel extends LanguageModel {
  /** What it was asked, in order. */
  readonly requests: GenerateRequest[];
  /** Requests under way. */
  readonly running: number;
}

/** `hold` delays each token; the token's log-probability is -(its place + 1) / 8. */
export function createScriptedModel(reply: Reply, hold?: () => Promise<void>): ScriptedModel {
  const requests: GenerateRequest[] = [];
  let running = 0;
  return {
    specVersion: 1,
    id: '/models/secret',
    contextLength: 256,
    vocabularySize,
    bosTokenId: specials.bos,
    tokenizer: byteTokenizer,
    requests,
    get running() {
      return running;
    },
    generate(request) {
      requests.push(request);
      return generate(request);
    },
    score: () => Promise.reject(new Error('not scripted')),
    [Symbol.asyncDispose]: async () => {},
  };

  async function* generate(request: GenerateRequest): AsyncGenerator<GeneratePart> {
    const { prompt, signal, maxTokens = 256, logProbabilities, promptLogProbabilities } = request;
    const promptTokens = prompt.length;
    running++;
    try {
      request.onPrefill?.(promptTokens, promptTokens);
      if (promptLogProbabilities !== undefined) {
        const tokens = Array.from(prompt as ArrayLike<number>, (id, place) =>
          place === 0 ? { id } : { id, ...likelihood(id, place, promptLogProbabilities) },
        );
        yield { type: 'prompt', tokens };
      }
      const ids = byteTokenizer.encode(reply(request)).slice(0, maxTokens);
      const decoder = createDecoder();
      let count = 0;
      for (const id of ids) {
        await hold?.();
        if (signal?.aborted) break;
        count++;
        yield { type: 'token', id, ...likelihood(id, count - 1, logProbabilities) };
        const text = decoder.push(id);
        if (text !== '') yield { type: 'text', text };
      }
      const rest = decoder.flush();
      if (rest !== '') yield { type: 'text', text: rest };
      yield {
        type: 'finish',
        reason: signal?.aborted ? 'abort' : count === maxTokens ? 'length' : 'stop',
        usage: { promptTokens, completionTokens: count, cachedTokens: 2, cacheBytes: 0 },
        timings: {
          prefillMs: 10,
          decodeMs: 20,
          firstTokenMs: 11,
          prefillTokensPerSecond: 0,
          decodeTokensPerSecond: 0,
        },
      };
    } finally {
      running--;
    }
  }
}

function likelihood(id: number, place: number, alternatives: number | undefined) {
  if (alternatives === undefined) return {};
  const others: AlternativeToken[] = Array.from({ length: alternatives }, (_, rank) => ({
    id: 65 + rank,
    logProbability: rank === 0 ? Number.NEGATIVE_INFINITY : -rank,
  }));
  return { logProbability: -(place + 1) / 8, ...(id >= 0 ? { alternatives: others } : {}) };
}

export const answerOptions = { id: 'answer-1', created: 1_700_000_000 };

/** Everything a stream yields. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of stream) values.push(value);
  return values;
}
