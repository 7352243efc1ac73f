/** POST /tokenize and /detokenize, in vLLM's shapes. */
import { encodeChat, parseBody, type ServedModel } from '@yoco-u/openai';
import type * as z from 'zod';
import type { App, RequestContext, ServerContext } from './context.ts';
import { readJson } from './json-body.ts';
import { detokenizeRequestSchema, tokenizeRequestSchema } from './schemas.ts';

interface TokenRequest {
  readonly model?: string | null | undefined;
}

export function addTokenRoutes(app: App, server: ServerContext): void {
  const answer = async <Request extends TokenRequest>(
    c: RequestContext,
    schema: z.ZodType<Request>,
    run: (served: ServedModel, request: Request) => object,
  ): Promise<Response> => {
    const job = server.jobs.begin(c.req.raw.signal, c.get('key')?.name);
    try {
      const request = parseBody(schema, await readJson(c.req.raw, server.limits.bodyBytes, job.signal));
      const { served, release } = await server.pool.use(request.model ?? undefined, job.signal);
      try {
        return c.json(run(served, request));
      } finally {
        release();
      }
    } finally {
      job.end();
    }
  };

  app.post('/tokenize', (c) =>
    answer(c, tokenizeRequestSchema, ({ model, chatTemplate }, request) => {
      const { prompt, messages, add_special_tokens: addSpecial } = request;
      const bos = addSpecial === false || model.bosTokenId === undefined ? [] : [model.bosTokenId];
      const tokens =
        messages == null ? [...bos, ...model.tokenizer.encode(prompt!)] : encodeChat(model, chatTemplate, messages);
      return { count: tokens.length, max_model_len: model.contextLength, tokens };
    }),
  );

  app.post('/detokenize', (c) =>
    answer(c, detokenizeRequestSchema, ({ model }, { tokens }) => ({ prompt: model.tokenizer.decode(tokens) })),
  );
}
