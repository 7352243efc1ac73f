/** POST /v1/completions on a `LanguageModel`. */
import { CapacityError, type LanguageModel } from '@yoco-u/spec';
import { collectAnswer, type Format, streamAnswer } from './answer.ts';
import type { Choice } from './choices.ts';
import { completionLogprobs, createOffsets } from './log-probabilities.ts';
import type { CompletionRequest } from './schemas/completion-request.ts';
import type { Completion, CompletionChunk, CompletionLogprobs } from './schemas/responses.ts';
import {
  type AnswerOptions,
  choiceSeed,
  generateRequest,
  present,
  randomSeed,
  type ServedModel,
} from './served-model.ts';

const defaultMaxTokens = 16;

interface Prompt {
  readonly ids: readonly number[];
  /** Ids in front that are not of the client's prompt: BOS. */
  readonly added: number;
  readonly text: string;
}

type Delta = CompletionChunk['choices'][number];

/**
 * The answer in chunks, choices in the order of prompts, n to each. Throws what the model throws, `ApiError`, and the reason of the
 * signal.
 */
export function streamCompletion(
  served: ServedModel,
  request: CompletionRequest,
  options: AnswerOptions,
): AsyncGenerator<CompletionChunk> {
  const prompts = readPrompts(served.model, request.prompt);
  const n = request.n ?? 1;
  return streamAnswer(
    served,
    {
      object: 'text_completion',
      choices: prompts.flatMap((prompt) => choicesOf(prompt, request, n)),
      n,
      format: createFormat(
        served.model,
        prompts.flatMap((prompt) => Array<Prompt>(n).fill(prompt)),
        request,
      ),
      includeUsage: request.stream_options?.include_usage === true,
    },
    options,
  );
}

/** The answer in one piece. Throws as `streamCompletion`. */
export async function createCompletion(
  served: ServedModel,
  request: CompletionRequest,
  options: AnswerOptions,
): Promise<Completion> {
  const chunks = streamCompletion(served, { ...request, stream_options: { include_usage: true } }, options);
  const { choices, usage, timings } = await collectAnswer(chunks, ({ text }) => text, joinLogprobs);
  return {
    id: options.id,
    object: 'text_completion',
    created: options.created,
    model: served.name,
    choices: choices.map(({ index, text, logprobs, reason }) => ({ index, text, logprobs, finish_reason: reason })),
    usage,
    timings,
  };
}

function createFormat(
  { tokenizer }: LanguageModel,
  prompts: readonly Prompt[],
  { echo, logprobs: alternatives }: CompletionRequest,
): Format<Delta> {
  const wanted = alternatives != null;
  const offsets = (wanted ? prompts : []).map(({ ids, added }) =>
    createOffsets(tokenizer, echo === true ? ids.slice(0, added) : ids),
  );
  const format: Format<Delta> = {
    begin(index, promptTokens) {
      if (echo !== true) return undefined;
      const { text, added } = prompts[index]!;
      // BOS has no place in the text
      return format.continue(index, text, promptTokens.slice(added));
    },
    continue(index, text, tokens) {
      if (text === '' && !(wanted && tokens.length > 0)) return undefined;
      const logprobs = wanted ? completionLogprobs(tokenizer, tokens, offsets[index]!) : null;
      return { index, text, logprobs, finish_reason: null };
    },
    end: (index, reason) => ({ index, text: '', logprobs: null, finish_reason: reason }),
  };
  return format;
}

function choicesOf(prompt: Prompt, request: CompletionRequest, n: number): Choice[] {
  const seed = request.seed ?? randomSeed();
  return Array.from({ length: n }, (_, choice) => ({
    request: {
      ...generateRequest(prompt.ids, request, choiceSeed(seed, choice)),
      maxTokens: request.max_tokens ?? defaultMaxTokens,
      ...present({
        logProbabilities: request.logprobs,
        promptLogProbabilities: request.echo === true ? request.logprobs : undefined,
      }),
    },
    progress: request.return_progress === true,
  }));
}

function readPrompts(model: LanguageModel, prompt: CompletionRequest['prompt']): Prompt[] {
  const { tokenizer, bosTokenId, contextLength } = model;
  const prompts = isList(prompt) ? prompt : [prompt];
  return prompts.map((one): Prompt => {
    if (typeof one !== 'string') {
      if (one.length <= contextLength) return { ids: one, added: 0, text: tokenizer.decode(one) };
      throw new CapacityError({
        where: 'prompt',
        expected: `at most ${contextLength} tokens, which the context holds`,
        got: `${one.length}`,
        fix: 'shorten it',
      });
    }
    const ids = tokenizer.encode(one);
    return bosTokenId === undefined ? { ids, added: 0, text: one } : { ids: [bosTokenId, ...ids], added: 1, text: one };
  });
}

function isList(prompt: CompletionRequest['prompt']): prompt is string[] | number[][] {
  return Array.isArray(prompt) && typeof prompt[0] !== 'number';
}

function joinLogprobs(all: CompletionLogprobs, more: CompletionLogprobs): CompletionLogprobs {
  all.tokens.push(...more.tokens);
  all.token_logprobs.push(...more.token_logprobs);
  all.top_logprobs.push(...more.top_logprobs);
  all.text_offset.push(...more.text_offset);
  return all;
}
