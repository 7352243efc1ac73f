/** The body of POST /v1/completions. */
import * as z from 'zod';
import { checkStreamFields, generationFields, mostAlternatives } from './fields.ts';
import { promptList } from './long-values.ts';

export const completionRequestSchema = z
  .strictObject({
    ...generationFields,
    prompt: z
      .union([z.string(), promptList], {
        error: 'expected a string, token ids, or an array of either, 128 at most',
      })
      .describe('Text (BOS is put in front where the model has one), or token ids, taken as they are.'),
    max_tokens: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .nullish()
      .describe('Default 16.'),
    logprobs: z
      .int()
      .min(0)
      .max(mostAlternatives)
      .nullish()
      .describe('Alternatives beside each token, besides its own log-probability.'),
    echo: z.boolean().nullish().describe('Begin the text with the prompt; with logprobs, those of the prompt too.'),
  })
  .superRefine(checkStreamFields);

export type CompletionRequest = z.infer<typeof completionRequestSchema>;
