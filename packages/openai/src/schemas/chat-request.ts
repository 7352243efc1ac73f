/** The body of POST /v1/chat/completions. */
import * as z from 'zod';
import { checkStreamFields, generationFields, mostAlternatives } from './fields.ts';

const content = z
  .union(
    [
      z.string(),
      z
        .array(z.strictObject({ type: z.literal('text'), text: z.string() }))
        .min(1)
        .max(256),
    ],
    {
      error: 'expected a string or an array of { type: "text", text }; images and audio are not supported',
    },
  )
  .describe('Text parts are joined.');

const chatMessageSchema = z.discriminatedUnion(
  'role',
  [
    z.strictObject({ role: z.enum(['system', 'developer', 'user']), content }),
    z.strictObject({ role: z.literal('assistant'), content, refusal: z.null().optional() }),
  ],
  { error: 'expected the role system, developer, user or assistant; tools are not supported' },
);

export type ChatMessage = z.infer<typeof chatMessageSchema>;

/** Of one chat. */
export const mostMessages = 1024;

export const chatMessagesSchema = z.array(chatMessageSchema).min(1).max(mostMessages);

export const chatCompletionRequestSchema = z
  .strictObject({
    ...generationFields,
    messages: chatMessagesSchema,
    max_completion_tokens: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .nullish()
      .describe('Default: what the context leaves.'),
    max_tokens: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .nullish()
      .describe('The older name of max_completion_tokens.'),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(mostAlternatives).nullish().describe('Needs logprobs.'),
    response_format: z.strictObject({ type: z.literal('text', { error: 'only "text" is supported' }) }).nullish(),
  })
  .superRefine((request, context) => {
    checkStreamFields(request, context);
    if (request.top_logprobs != null && request.logprobs !== true) {
      context.addIssue({ code: 'custom', path: ['top_logprobs'], message: 'only allowed where logprobs is true' });
    }
    if (request.max_tokens != null && request.max_completion_tokens != null) {
      context.addIssue({ code: 'custom', path: ['max_tokens'], message: 'give max_completion_tokens alone' });
    }
  });

export type ChatCompletionRequest = z.infer<typeof chatCompletionRequestSchema>;
