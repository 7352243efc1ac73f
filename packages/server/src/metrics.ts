/** Figures for Prometheus, by the names that dashboards of vLLM, KEDA and llm-d read. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ModelMeter } from './model-meter.ts';

export interface Metrics {
  readonly registry: Registry;
  /** All requests, by route and by how they ended: a status, or `aborted`. */
  readonly requests: Counter<'route' | 'status'>;
  readonly promptTokens: Counter<'model_name'>;
  readonly generationTokens: Counter<'model_name'>;
  readonly finished: Counter<'model_name' | 'finished_reason'>;
  readonly prefixCacheQueries: Counter<'model_name'>;
  readonly prefixCacheHits: Counter<'model_name'>;
  readonly timeToFirstToken: Histogram<'model_name'>;
  readonly interTokenLatency: Histogram<'model_name'>;
  readonly requestLatency: Histogram<'model_name'>;
  readonly queueTime: Histogram<'model_name'>;
  readonly prefillTime: Histogram<'model_name'>;
  readonly decodeTime: Histogram<'model_name'>;
  readonly requestPromptTokens: Histogram<'model_name'>;
  readonly requestGenerationTokens: Histogram<'model_name'>;
}

const firstTokenBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60,
];
const tokenBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const latencyBuckets = [0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480];
const countBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

/** Figures of the models of these names; `meters` gives those that are loaded when the figures are read. */
export function createMetrics(names: readonly string[], meters: () => readonly ModelMeter[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['model_name'] as const;
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, labelNames, buckets, registers });
  const gauge = (name: string, help: string, value: (meter: ModelMeter) => number | Promise<number>): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        const values = await Promise.all(meters().map(async (meter) => [meter.name, await value(meter)] as const));
        // a model that was unloaded has no figures
        this.reset();
        for (const [model_name, figure] of values) this.set({ model_name }, figure);
      },
    });
  };
  gauge('vllm:num_requests_running', 'Sequences being generated.', (meter) => meter.running());
  gauge('vllm:num_requests_waiting', 'Sequences waiting for their turn.', (meter) => meter.waiting());
  for (const name of ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc']) {
    gauge(name, 'Share of the cache in use, from 0 to 1.', (meter) => meter.cacheUse());
  }
  const metrics: Metrics = {
    registry,
    requests: new Counter({
      name: 'yoco_u_http_requests_total',
      help: 'Requests by route and status; aborted ones ended with their client.',
      labelNames: ['route', 'status'],
      registers,
    }),
    promptTokens: counter('vllm:prompt_tokens_total', 'Prompt tokens read.'),
    generationTokens: counter('vllm:generation_tokens_total', 'Tokens generated.'),
    finished: new Counter({
      name: 'vllm:request_success_total',
      help: 'Sequences that ended, by reason: stop, length or abort.',
      labelNames: ['model_name', 'finished_reason'],
      registers,
    }),
    prefixCacheQueries: counter('vllm:prefix_cache_queries_total', 'Prompt tokens looked up in the prefix cache.'),
    prefixCacheHits: counter('vllm:prefix_cache_hits_total', 'Prompt tokens that were in the prefix cache.'),
    timeToFirstToken: histogram(
      'vllm:time_to_first_token_seconds',
      'From arrival to the first token.',
      firstTokenBuckets,
    ),
    interTokenLatency: histogram('vllm:inter_token_latency_seconds', 'From one token to the next.', tokenBuckets),
    requestLatency: histogram('vllm:e2e_request_latency_seconds', 'From arrival to the end.', latencyBuckets),
    queueTime: histogram('vllm:request_queue_time_seconds', 'From arrival to the start.', latencyBuckets),
    prefillTime: histogram('vllm:request_prefill_time_seconds', 'From the start to the first token.', latencyBuckets),
    decodeTime: histogram('vllm:request_decode_time_seconds', 'From the first token to the end.', latencyBuckets),
    requestPromptTokens: histogram('vllm:request_prompt_tokens', 'Prompt tokens of a sequence.', countBuckets),
    requestGenerationTokens: histogram('vllm:request_generation_tokens', 'Tokens of a completion.', countBuckets),
  };
  for (const model_name of names) beginFigures(metrics, model_name);
  return metrics;
}

/** Begins figures with 0: a rate over one that appears with its first value misses that value, and a dashboard takes it for missing. */
function beginFigures({ registry: _, requests: __, finished, ...figures }: Metrics, model_name: string): void {
  for (const finished_reason of ['stop', 'length', 'abort']) finished.inc({ model_name, finished_reason }, 0);
  for (const figure of Object.values(figures)) {
    if (figure instanceof Histogram) figure.zero({ model_name });
    else figure.inc({ model_name }, 0);
  }
}
