/** What the server is and does: models, health, properties, slots, metrics. */
import { ApiError } from '@yoco-u/openai';
import type { App, ServerContext } from './context.ts';
import type { ModelStatus } from './model-pool.ts';
import type { Model, Props, Slots } from './schemas.ts';

export function addStatusRoutes(app: App, server: ServerContext): void {
  const { pool, limits } = server;

  const describe = ({ name, state, loaded }: ModelStatus): Model => ({
    id: name,
    object: 'model',
    created: server.created,
    owned_by: 'yoco-u',
    state,
    ...(loaded === undefined ? {} : { max_model_len: loaded.model.model.contextLength }),
  });

  /** The process answers. */
  app.get('/health', (c) => c.json({ status: 'ok' }));

  /**
   * New requests are welcome: the server has begun and is not on its way out. A model that made room for another, or whose worker ended,
   * is loaded by the next request, which a balancer must send.
   */
  app.get('/ready', (c) => {
    if (server.jobs.draining) return c.json({ status: 'draining' }, 503);
    return pool.isWarm ? c.json({ status: 'ready' }) : c.json({ status: pool.status()[0]!.state }, 503);
  });

  app.get('/v1/models', (c) => c.json({ object: 'list', data: pool.status().map(describe) }));

  // names may hold slashes
  app.get('/v1/models/:model{.+}', (c) => {
    const found = pool.status().find(({ name }) => name === c.req.param('model'));
    if (found !== undefined) return c.json(describe(found));
    throw new ApiError({ status: 404, code: 'model_not_found', param: 'model', message: 'model: no such model' });
  });

  app.get('/props', (c) => {
    const props: Props = {
      models: pool.status().map(({ name, state, loaded }) => ({
        model: name,
        state,
        ...(loaded === undefined
          ? {}
          : {
              context_length: loaded.model.model.contextLength,
              vocabulary_size: loaded.model.model.vocabularySize,
              total_slots: loaded.model.sequences,
              chat_template: loaded.model.chatTemplate?.source ?? null,
            }),
      })),
      limits: {
        body_bytes: limits.bodyBytes,
        choices: limits.choices,
        queue: limits.queue,
        requests_per_key: limits.requestsPerKey,
      },
    };
    return c.json(props);
  });

  /** One entry a slot; with `fail_on_no_slot=1` a 503 when none is free. */
  app.get('/slots', (c) => {
    const slots = pool.status().flatMap(slotsOf);
    const full = c.req.query('fail_on_no_slot') === '1' && slots.every((slot) => slot.is_processing);
    return c.json(slots, full ? 503 : 200);
  });

  app.get('/metrics', async (c) => {
    const { registry } = server.metrics;
    return c.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
  });
}

function slotsOf({ name, loaded }: ModelStatus): Slots {
  if (loaded === undefined) return [];
  const sequences = loaded.meter.list();
  return Array.from({ length: loaded.model.sequences }, (_, id) => {
    const sequence = sequences.find(({ slot }) => slot === id);
    return {
      id,
      model: name,
      is_processing: sequence !== undefined,
      state: sequence === undefined || sequence.state === 'waiting' ? 'idle' : sequence.state,
      prompt_tokens: sequence?.promptTokens ?? 0,
      completion_tokens: sequence?.completionTokens ?? 0,
      age_ms: Math.round(sequence?.age ?? 0),
    };
  });
}
