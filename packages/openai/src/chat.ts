/** POST /v1/chat/completions on a `LanguageModel`. */
import { collectAnswer, type Format, streamAnswer } from './answer.ts';
import { encodeChat } from './chat-template.ts';
import type { Choice } from './choices.ts';
import { chatLogprobs } from './log-probabilities.ts';
import type { ChatCompletionRequest } from './schemas/chat-request.ts';
import type { ChatCompletion, ChatCompletionChunk, ChatLogprobs } from './schemas/responses.ts';
import {
  type AnswerOptions,
  choiceSeed,
  generateRequest,
  present,
  randomSeed,
  type ServedModel,
} from './served-model.ts';

/** The answer in chunks, the role of each choice first. Throws what the model throws, `ApiError`, and the reason of the signal. */
export function streamChatCompletion(
  served: ServedModel,
  request: ChatCompletionRequest,
  options: AnswerOptions,
): AsyncGenerator<ChatCompletionChunk> {
  const choices = choicesOf(served, request);
  return streamAnswer(
    served,
    {
      object: 'chat.completion.chunk',
      choices,
      n: choices.length,
      format: createFormat(served, request.logprobs === true),
      includeUsage: request.stream_options?.include_usage === true,
    },
    options,
  );
}

/** The answer in one piece. Throws as `streamChatCompletion`. */
export async function createChatCompletion(
  served: ServedModel,
  request: ChatCompletionRequest,
  options: AnswerOptions,
): Promise<ChatCompletion> {
  const chunks = streamChatCompletion(served, { ...request, stream_options: { include_usage: true } }, options);
  const { choices, usage, timings } = await collectAnswer(chunks, ({ delta }) => delta.content ?? '', joinLogprobs);
  return {
    id: options.id,
    object: 'chat.completion',
    created: options.created,
    model: served.name,
    choices: choices.map(({ index, text, logprobs, reason }) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs,
      finish_reason: reason,
    })),
    usage,
    timings,
  };
}

function choicesOf({ model, chatTemplate }: ServedModel, request: ChatCompletionRequest): Choice[] {
  const prompt = encodeChat(model, chatTemplate, request.messages);
  const seed = request.seed ?? randomSeed();
  return Array.from({ length: request.n ?? 1 }, (_, choice) => ({
    request: {
      ...generateRequest(prompt, request, choiceSeed(seed, choice)),
      ...present({
        maxTokens: request.max_completion_tokens ?? request.max_tokens,
        logProbabilities: request.logprobs === true ? (request.top_logprobs ?? 0) : undefined,
      }),
    },
    progress: request.return_progress === true,
  }));
}

function createFormat({ model }: ServedModel, wanted: boolean): Format<ChatCompletionChunk['choices'][number]> {
  return {
    begin: (index) => ({ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
    continue(index, text, tokens) {
      if (text === '' && !wanted) return undefined;
      const logprobs = wanted ? chatLogprobs(model.tokenizer, tokens) : null;
      return { index, delta: { content: text }, logprobs, finish_reason: null };
    },
    end: (index, reason) => ({ index, delta: {}, logprobs: null, finish_reason: reason }),
  };
}

function joinLogprobs(all: ChatLogprobs, more: ChatLogprobs): ChatLogprobs {
  all.content.push(...more.content);
  return all;
}
