/** POST /v1/completions and /v1/chat/completions, streamed and not. */
import {
  type AnswerOptions,
  chatCompletionRequestSchema,
  completionRequestSchema,
  createChatCompletion,
  createCompletion,
  invalidField,
  parseBody,
  type ServedModel,
  streamChatCompletion,
  streamCompletion,
} from '@yoco-u/openai';
import type * as z from 'zod';
import type { App, RequestContext, ServerContext } from './context.ts';
import { eventStream } from './event-stream.ts';
import type { Job } from './jobs.ts';
import { readJson } from './json-body.ts';

interface Endpoint<Request> {
  readonly prefix: string;
  readonly schema: z.ZodType<Request>;
  /** Completions it asks for. */
  readonly choices: (request: Request) => number;
  readonly stream: (served: ServedModel, request: Request, options: AnswerOptions) => AsyncGenerator<object>;
  readonly create: (served: ServedModel, request: Request, options: AnswerOptions) => Promise<object>;
}

export function addGenerationRoutes(app: App, server: ServerContext): void {
  const completions: Endpoint<z.infer<typeof completionRequestSchema>> = {
    prefix: 'cmpl',
    schema: completionRequestSchema,
    choices: ({ prompt, n }) => (n ?? 1) * (Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt.length : 1),
    stream: streamCompletion,
    create: createCompletion,
  };
  const chats: Endpoint<z.infer<typeof chatCompletionRequestSchema>> = {
    prefix: 'chatcmpl',
    schema: chatCompletionRequestSchema,
    choices: ({ n }) => n ?? 1,
    stream: streamChatCompletion,
    create: createChatCompletion,
  };
  app.post('/v1/completions', (c) => answer(c, server, completions));
  app.post('/v1/chat/completions', (c) => answer(c, server, chats));
}

interface CommonFields {
  readonly model?: string | null | undefined;
  readonly stream?: boolean | null | undefined;
}

async function answer<Request extends CommonFields>(
  c: RequestContext,
  server: ServerContext,
  endpoint: Endpoint<Request>,
): Promise<Response> {
  const { limits, logger, pool, jobs } = server;
  // before the body is read: a key may not have more bodies on their way either
  const job = jobs.begin(c.req.raw.signal, c.get('key')?.name);
  const cleanUp: (() => void)[] = [job.end];
  const end = (): void => {
    for (const step of cleanUp.splice(0)) step();
  };
  try {
    const request = parseBody(endpoint.schema, await readJson(c.req.raw, limits.bodyBytes, job.signal));
    const choices = endpoint.choices(request);
    if (choices > limits.choices)
      throw invalidField('n', `expected at most ${limits.choices} completions, got ${choices}`);
    if (server.logPrompts) logger.info({ requestId: c.get('requestId'), request }, 'request');
    const lease = await pool.use(request.model ?? undefined, job.signal);
    cleanUp.unshift(lease.release);
    const id = `${endpoint.prefix}-${c.get('requestId')}`;
    const options = { id, created: Math.floor(Date.now() / 1000), signal: job.signal };
    if (request.stream !== true) {
      const body = await endpoint.create(lease.served, request, options);
      end();
      return c.json(body);
    }
    const events = await begin(endpoint.stream(lease.served, request, options), limits.pingMs);
    return stream(c, server, events, job, end);
  } catch (error) {
    end();
    throw error;
  }
}

/** Waits for the first event, so that what is refused gets its status; but no longer than a stream may be silent. */
async function begin(events: AsyncGenerator<object>, longest: number): Promise<AsyncGenerator<object>> {
  const first = events.next();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, longest);
  });
  try {
    await Promise.race([first, late]);
  } finally {
    clearTimeout(timer);
  }
  return (async function* () {
    const { done, value } = await first;
    if (done === true) return;
    yield value;
    yield* events;
  })();
}

function stream(
  c: RequestContext,
  server: ServerContext,
  events: AsyncGenerator<object>,
  job: Job,
  end: () => void,
): Response {
  c.set('streams', true);
  const body = eventStream(events, {
    pingMs: server.limits.pingMs,
    onCancel: job.abort,
    onEnd(error) {
      end();
      if (error !== undefined && !job.signal.aborted) {
        server.logger.error({ requestId: c.get('requestId'), err: error }, 'stream failed');
      }
      server.report(c, error === undefined ? 200 : job.signal.aborted ? 'aborted' : 500);
    },
  });
  return c.body(body, 200, {
    'content-type': 'text/event-stream; charset=utf-8',
    // nginx holds streams back otherwise
    'x-accel-buffering': 'no',
  });
}
