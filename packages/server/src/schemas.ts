/** Bodies and answers of the routes that are not OpenAI's. */
import { chatMessagesSchema, modelNameSchema, tokenIdsSchema } from '@yoco-u/openai';
import * as z from 'zod';

const count = z.int().min(0);

export const tokenizeRequestSchema = z
  .strictObject({
    model: modelNameSchema.nullish(),
    prompt: z.string().nullish(),
    messages: chatMessagesSchema.nullish().describe('Instead of prompt: as a chat would read.'),
    add_special_tokens: z
      .boolean()
      .nullish()
      .describe('BOS in front of prompt, where the model has one. Default true.'),
  })
  .refine(({ prompt, messages }) => (prompt == null) !== (messages == null), {
    path: ['prompt'],
    error: 'give either prompt or messages',
  });

export const tokenizeResponseSchema = z.object({
  count,
  max_model_len: count.describe('Tokens that the context holds.'),
  tokens: tokenIdsSchema,
});

export const detokenizeRequestSchema = z.strictObject({
  model: modelNameSchema.nullish(),
  tokens: tokenIdsSchema,
});

export const detokenizeResponseSchema = z.object({ prompt: z.string() });

export const modelSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  state: z.enum(['unloaded', 'loading', 'ready']),
  max_model_len: count.optional().describe('Tokens that the context holds, where the model is loaded.'),
});

export const modelListSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) });

export const statusSchema = z.object({ status: z.string() });

export const propsSchema = z.object({
  models: z.array(
    z.object({
      model: z.string(),
      state: z.enum(['unloaded', 'loading', 'ready']),
      context_length: count.optional(),
      vocabulary_size: count.optional(),
      total_slots: count.optional(),
      chat_template: z.string().nullable().optional().describe('Null: messages follow each other with blank lines.'),
    }),
  ),
  limits: z.object({ body_bytes: count, choices: count, queue: count, requests_per_key: count }),
});

export const slotsSchema = z.array(
  z.object({
    id: count,
    model: z.string(),
    is_processing: z.boolean(),
    state: z.enum(['idle', 'prompt', 'generating']),
    prompt_tokens: count,
    completion_tokens: count,
    age_ms: z.number(),
  }),
);

export type Model = z.infer<typeof modelSchema>;
export type Props = z.infer<typeof propsSchema>;
export type Slots = z.infer<typeof slotsSchema>;
