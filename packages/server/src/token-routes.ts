/** POST /tokenize and /detokenize, in vLLM's shapes. */
import { encodeChat, parseBody, type ServedModel } from '@yoco-u/openai';
import type { App, RequestContext, ServerContext } from './context.ts';
import { readJson } from './json-body.ts';
import { detokenizeRequestSchema, tokenizeRequestSchema } from './schemas.ts';

export function addTokenRoutes(app: App, server: ServerContext): void {
  const withModel = async <T>(
    c: RequestContext,
    name: string | null | undefined,
    run: (served: ServedModel) => T,
  ): Promise<T> => {
    const job = server.jobs.begin(c.req.raw.signal, c.get('key')?.name);
    try {
      const { served, release } = await server.pool.use(name ?? undefined);
      try {
        return run(served);
      } finally {
        release();
      }
    } finally {
      job.end();
    }
  };

  app.post('/tokenize', async (c) => {
    const request = parseBody(tokenizeRequestSchema, await readJson(c.req.raw, server.limits.bodyBytes));
    const { model: name, prompt, messages, add_special_tokens: addSpecial } = request;
    const answer = await withModel(c, name, ({ model, chatTemplate }) => {
      const bos = addSpecial === false || model.bosTokenId === undefined ? [] : [model.bosTokenId];
      const tokens =
        messages == null ? [...bos, ...model.tokenizer.encode(prompt!)] : encodeChat(model, chatTemplate, messages);
      return { count: tokens.length, max_model_len: model.contextLength, tokens };
    });
    return c.json(answer);
  });

  app.post('/detokenize', async (c) => {
    const request = parseBody(detokenizeRequestSchema, await readJson(c.req.raw, server.limits.bodyBytes));
    const prompt = await withModel(c, request.model, ({ model }) => model.tokenizer.decode(request.tokens));
    return c.json({ prompt });
  });
}
