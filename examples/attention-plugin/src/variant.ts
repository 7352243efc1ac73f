/** ALiBi as an attention variant of self stages: its config, parameters and state, and what it records. */
import {
  pageTableOf,
  parseSoftmaxConfig,
  project,
  queriesKeysAndValues,
  type SoftmaxConfig,
  selfParameters,
} from '@yoco-u/attention-softmax';
import { type AttentionContext, type AttentionVariant, ConfigError } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { alibi, alibiKernels, alibiPaged, alibiStore } from './kernels.ts';

export interface AlibiConfig extends SoftmaxConfig {
  readonly biasMax: number;
}

/** As the paper has it. */
const defaultBiasMax = 8;

function parse(context: AttentionContext): AlibiConfig {
  const { stage, where, rope } = context;
  const { alibi_bias_max: biasMax = defaultBiasMax } = stage;
  if (typeof biasMax !== 'number' || !(biasMax > 0) || !Number.isFinite(biasMax)) {
    const got = JSON.stringify(biasMax) ?? String(biasMax);
    throw new ConfigError({ where: `${where}.alibi_bias_max`, expected: 'a number > 0', got });
  }
  if (rope) {
    const fix = 'ALiBi takes the place of rotation: leave rope out';
    throw new ConfigError({ where: `${where}.rope`, expected: 'false', got: 'true', fix });
  }
  return { ...parseSoftmaxConfig(context), biasMax };
}

/** Projections, norms and FLOPs are those of ordinary attention over all earlier positions. */
export const alibiAttention: AttentionVariant<AlibiConfig, never> = {
  specVersion: 1,
  name: 'alibi',
  stage: 'self',
  kernels: alibiKernels,
  stageKeys: ['alibi_bias_max'],
  parse,
  parameters: selfParameters,
  state: ({ model: { keyValueHeads: G, headDim: D } }, { pageLength }) => [
    {
      name: 'pages',
      kind: 'append',
      entry: tensorType(f32, pageLength, 2 * G * D),
      bytesInUse: (tokens) => 4 * 2 * G * D * tokens,
    },
  ],
  apply(graph, config, input, scope) {
    const { segments, segmentCount, rows } = scope.batch;
    const params = { rows, segmentCount, headDim: config.model.headDim, biasMax: config.biasMax };
    const [q, k, v] = queriesKeysAndValues(graph, config, scope, input);
    const pages = scope.state('pages');
    if (pages === undefined) {
      const [attended] = graph.call(alibi, [q, k, v, segments], params);
      return project(graph, scope, 'o_proj', attended!);
    }
    const table = pageTableOf(scope);
    graph.call(alibiStore, [k, v, segments, table, pages], params);
    const [attended] = graph.call(alibiPaged, [q, segments, table, pages], params);
    return project(graph, scope, 'o_proj', attended!);
  },
  cost({ model: { hiddenSize: C, heads: H, keyValueHeads: G, headDim: D } }, tokens) {
    const projections = 4 * C * (H + G) * D;
    // each of a sequence's queries sees (tokens + 1) / 2 keys in the mean
    return { layer: projections + 4 * H * D * ((tokens + 1) / 2), stage: 0 };
  },
};
