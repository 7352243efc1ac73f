/** Request fields that completions and chat completions share. A null counts as absent, as OpenAI's clients expect. */
import * as z from 'zod';
import { logitBias } from './long-values.ts';

/** The largest seed: the samplers'. */
export const largestSeed = Number.MAX_SAFE_INTEGER;

/** The largest number of alternatives beside a token. */
export const mostAlternatives = 20;

const mostStops = 16;

export const modelName = z.string().min(1).max(256).describe('One of GET /v1/models. Optional where one is served.');

/** Decoding and streaming; spread into the strict object of each endpoint. */
export const generationFields = {
  model: modelName.nullish(),
  n: z.int().min(1).max(128).nullish().describe('Completions of each prompt; seeds of all but the first are derived.'),
  temperature: z.number().min(0).max(2).nullish().describe('0 always takes the likeliest token. Default 1.'),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().min(0).max(largestSeed).nullish().describe('The same seed gives the same text. Default: random.'),
  stop: z
    .union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).max(mostStops)], {
      error: `expected a string or at most ${mostStops} of them, each of 1 to 256 characters`,
    })
    .nullish()
    .describe(`Generation ends before any of these, ${mostStops} at most.`),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: logitBias.nullish().describe('Added to the logits of token ids.'),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.literal(false).nullish() })
    .nullish(),
  user: z.string().max(256).nullish().describe('Written to the log with the request, if requests are logged.'),
  // beyond OpenAI's: vLLM's and llama.cpp's names
  top_k: z
    .int()
    .min(-1)
    .max(2 ** 31 - 1)
    .nullish()
    .describe('0 is off, and so is -1.'),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(10).nullish().describe('1 is off.'),
  ignore_eos: z.boolean().nullish(),
  priority: z.int().min(-1000).max(1000).nullish().describe('Among waiting requests a lower one starts first.'),
  return_progress: z
    .boolean()
    .nullish()
    .describe('Stream how far the prompt has been read, as chunks with `prompt_progress` and no choices.'),
};

interface Streamed {
  readonly stream?: boolean | null | undefined;
  readonly stream_options?: object | null | undefined;
  readonly return_progress?: boolean | null | undefined;
}

/** What only makes sense for a stream must not be asked of a single answer. */
export function checkStreamFields(request: Streamed, context: z.core.$RefinementCtx): void {
  if (request.stream === true) return;
  const given = { stream_options: request.stream_options != null, return_progress: request.return_progress === true };
  for (const [field, isGiven] of Object.entries(given)) {
    if (isGiven) context.addIssue({ code: 'custom', path: [field], message: 'only allowed where stream is true' });
  }
}
