/** What is answered: the types come from the schemas, and so does the OpenAPI document. */
import * as z from 'zod';

const count = z.int().min(0);

export const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count.describe('Tokens whose state was at hand already.') }),
});

export const timingsSchema = z
  .object({
    prompt_n: count,
    cache_n: count,
    prompt_ms: z.number(),
    prompt_per_second: z.number(),
    predicted_n: count,
    predicted_ms: z.number(),
    predicted_per_second: z.number(),
  })
  .describe('Tokens of all choices, milliseconds of the slowest.');

export const progressSchema = z.object({ total: count, processed: count }).describe('Prompt tokens read, of all.');

const finishReason = z.enum(['stop', 'length']);

export const completionLogprobsSchema = z.object({
  tokens: z.array(z.string()).describe('Tokens that are no whole characters read `bytes:\\x…`.'),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
  text_offset: z.array(count).describe('Where each token begins in the text, in UTF-16 units.'),
});

const head = { id: z.string(), created: z.int(), model: z.string() };

const completionChoice = {
  index: count,
  text: z.string(),
  logprobs: completionLogprobsSchema.nullable(),
};

export const completionSchema = z.object({
  ...head,
  object: z.literal('text_completion'),
  choices: z.array(z.object({ ...completionChoice, finish_reason: finishReason })),
  usage: usageSchema,
  timings: timingsSchema,
});

const streamed = {
  usage: usageSchema.nullish(),
  timings: timingsSchema.optional(),
  prompt_progress: progressSchema.optional(),
};

export const completionChunkSchema = z.object({
  ...head,
  object: z.literal('text_completion'),
  choices: z.array(z.object({ ...completionChoice, finish_reason: finishReason.nullable() })),
  ...streamed,
});

const tokenLogprob = { token: z.string(), logprob: z.number(), bytes: z.array(z.int().min(0).max(255)) };

export const chatLogprobsSchema = z.object({
  content: z.array(z.object({ ...tokenLogprob, top_logprobs: z.array(z.object(tokenLogprob)) })),
  refusal: z.null(),
});

export const chatCompletionSchema = z.object({
  ...head,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.object({
      index: count,
      message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
      logprobs: chatLogprobsSchema.nullable(),
      finish_reason: finishReason,
    }),
  ),
  usage: usageSchema,
  timings: timingsSchema,
});

export const chatCompletionChunkSchema = z.object({
  ...head,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.object({
      index: count,
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      logprobs: chatLogprobsSchema.nullable(),
      finish_reason: finishReason.nullable(),
    }),
  ),
  ...streamed,
});

export const errorSchema = z.object({
  error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
});

export type CompletionUsage = z.infer<typeof usageSchema>;
export type CompletionTimings = z.infer<typeof timingsSchema>;
export type CompletionLogprobs = z.infer<typeof completionLogprobsSchema>;
export type Completion = z.infer<typeof completionSchema>;
export type CompletionChunk = z.infer<typeof completionChunkSchema>;
export type ChatLogprobs = z.infer<typeof chatLogprobsSchema>;
export type ChatCompletion = z.infer<typeof chatCompletionSchema>;
export type ChatCompletionChunk = z.infer<typeof chatCompletionChunkSchema>;
