/**
 * The model configuration (`config.json`), validated against a registry of attention variants. What is not stated here is
 * the spec's: section 6 of the architecture page in `docs/architecture.md`.
 */
import { type AnyAttentionVariant, type AttentionRegistry, ConfigError, type ModelDimensions } from '@yoco-u/spec';
import { createConfigReader, describeJson, largestSize } from './config-reader.ts';

/** One layer's attention: a variant with its own parsed configuration. */
export interface LayerAttention {
  readonly variant: AnyAttentionVariant;
  readonly config: unknown;
}

/** A stack of layers applied `iterations` times with the same parameters. */
export interface StageConfig {
  readonly type: 'self' | 'cross';
  readonly iterations: number;
  readonly rope: boolean;
  /** One entry a layer. */
  readonly layers: readonly LayerAttention[];
}

export interface ModelConfig extends ModelDimensions {
  /** A label; `stages` decides. */
  readonly modelType: string;
  /** V */
  readonly vocabularySize: number;
  /** F */
  readonly intermediateSize: number;
  readonly ropeTheta: number;
  readonly embeddingScale: number;
  readonly tieWordEmbeddings: boolean;
  /** Most positions the model was made for. */
  readonly contextLength: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
  readonly stages: readonly StageConfig[];
  /** The JSON it was parsed from, unknown keys included. */
  readonly source: Readonly<Record<string, unknown>>;
}

/** More layer applications than any model has: recording them would exhaust the process. */
const mostApplications = 4096;
const commonStageKeys = ['type', 'layers', 'iterations', 'attention', 'rope'];

/**
 * Parses and checks a model configuration. Throws `ConfigError` naming the key, what was expected, and what was found; also
 * for a registry with two variants of one stage and name, or one made for another version of the interface.
 */
export function parseConfig(json: unknown, registry: AttentionRegistry): ModelConfig {
  checkRegistry(registry);
  const reader = createConfigReader(json, 'config');
  const source = json as Readonly<Record<string, unknown>>;
  const vocabularySize = reader.size('vocab_size');
  const dimensions: ModelDimensions = {
    hiddenSize: reader.size('hidden_size'),
    heads: reader.size('num_attention_heads'),
    keyValueHeads: reader.size('num_key_value_heads'),
    headDim: reader.size('head_dim'),
    normEps: reader.positive('rms_norm_eps'),
    qkNorm: reader.flag('qk_norm', false),
  };
  if (dimensions.heads % dimensions.keyValueHeads !== 0) {
    throw new ConfigError({
      where: 'config.num_attention_heads',
      expected: `a multiple of num_key_value_heads (${dimensions.keyValueHeads})`,
      got: `${dimensions.heads}`,
    });
  }
  if (dimensions.heads * dimensions.headDim > largestSize) {
    throw new ConfigError({
      where: 'config.head_dim',
      expected: `at most ${Math.floor(largestSize / dimensions.heads)} for ${dimensions.heads} heads`,
      got: `${dimensions.headDim}`,
    });
  }
  const stages = parseStages(source.stages, dimensions, registry);
  const rotates = stages.some((stage) => stage.rope);
  const bos = tokenIds(source, 'bos_token_id', vocabularySize);
  if (bos.length > 1) {
    throw new ConfigError({ where: 'config.bos_token_id', expected: 'one id', got: describeJson(source.bos_token_id) });
  }
  return {
    ...dimensions,
    modelType: reader.text('model_type'),
    vocabularySize,
    intermediateSize: reader.size('intermediate_size'),
    ropeTheta: reader.positive('rope_theta', rotates ? undefined : 10000),
    embeddingScale: reader.positive('embedding_scale', 1),
    tieWordEmbeddings: reader.flag('tie_word_embeddings'),
    contextLength: reader.size('max_position_embeddings'),
    bosTokenId: bos[0],
    eosTokenIds: tokenIds(source, 'eos_token_id', vocabularySize),
    stages,
    source,
  };
}

/**
 * The same model with another iteration count of its first self stage: the run-time dial.
 * Throws `ConfigError` when there is no self stage, or the count is not an integer from 1 on.
 */
export function withIterations(config: ModelConfig, iterations: number): ModelConfig {
  const index = config.stages.findIndex((stage) => stage.type === 'self');
  if (index < 0) {
    throw new ConfigError({ where: 'iterations', expected: 'a model with a self stage', got: 'none' });
  }
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new ConfigError({ where: 'iterations', expected: 'an integer from 1 on', got: `${iterations}` });
  }
  const stages = config.stages.map((stage, at) => (at === index ? { ...stage, iterations } : stage));
  checkApplications(stages);
  return { ...config, stages };
}

function checkRegistry(registry: AttentionRegistry): void {
  const known = new Set<string>();
  for (const { specVersion, stage, name } of registry) {
    const where = `registry: ${stage} attention '${name}'`;
    const version: unknown = specVersion;
    if (version !== 1) {
      const fix = 'use releases of the variant and of these packages that go together';
      throw new ConfigError({ where, expected: 'specVersion 1', got: String(version), fix });
    }
    const key = `${stage} ${name}`;
    if (known.has(key)) {
      throw new ConfigError({ where, expected: 'one variant of this name', got: 'two', fix: 'rename one of them' });
    }
    known.add(key);
  }
}

function parseStages(value: unknown, model: ModelDimensions, registry: AttentionRegistry): readonly StageConfig[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigError({
      where: 'config.stages',
      expected: 'a list of at least one stage',
      got: describeJson(value),
    });
  }
  const stages = value.map((stage, index) => parseStage(stage, `config.stages[${index}]`, model, registry));
  checkApplications(stages);
  return stages;
}

function parseStage(value: unknown, where: string, model: ModelDimensions, registry: AttentionRegistry): StageConfig {
  const reader = createConfigReader(value, where);
  const stage = value as Readonly<Record<string, unknown>>;
  const type = reader.text('type');
  if (type !== 'self' && type !== 'cross') {
    throw new ConfigError({ where: `${where}.type`, expected: "'self' or 'cross'", got: describeJson(type) });
  }
  const count = reader.size('layers');
  if (count > mostApplications) {
    throw new ConfigError({ where: `${where}.layers`, expected: `at most ${mostApplications}`, got: `${count}` });
  }
  const names = attentionNames(stage.attention, count, where);
  const variants = new Map(names.map((name) => [name, lookUp(registry, type, name, where)]));
  checkKeys(stage, [...variants.values()], where);
  const rope = reader.flag('rope', false);
  if (rope && model.headDim % 2 !== 0) {
    throw new ConfigError({
      where: 'config.head_dim',
      expected: `an even number, since ${where} rotates`,
      got: `${model.headDim}`,
    });
  }
  const parsed = new Map(
    [...variants].map(([name, variant]) => [name, { variant, config: variant.parse({ model, rope, stage, where }) }]),
  );
  if ([...variants.values()].filter(hasSharedPart).length > 1) {
    throw new ConfigError({
      where: `${where}.attention`,
      expected: 'at most one variant that shares keys and values across the stage',
      got: describeJson(stage.attention),
      fix: 'use one stage for each',
    });
  }
  return {
    type,
    iterations: reader.size('iterations', 1),
    rope,
    layers: names.map((name) => parsed.get(name)!),
  };
}

function hasSharedPart({ prepare, stageParameters, stageState }: AnyAttentionVariant): boolean {
  return [prepare, stageParameters, stageState].some((part) => part !== undefined);
}

function attentionNames(value: unknown, layers: number, where: string): readonly string[] {
  if (typeof value === 'string') return new Array<string>(layers).fill(value);
  const isList = Array.isArray(value) && value.length === layers && value.every((name) => typeof name === 'string');
  if (isList) return value as string[];
  throw new ConfigError({
    where: `${where}.attention`,
    expected: `a variant's name, or a list of ${layers} (one a layer)`,
    got: describeJson(value),
  });
}

function lookUp(registry: AttentionRegistry, type: string, name: string, where: string): AnyAttentionVariant {
  const variant = registry.find((candidate) => candidate.stage === type && candidate.name === name);
  if (variant !== undefined) return variant;
  const known = registry.filter((candidate) => candidate.stage === type).map((candidate) => candidate.name);
  throw new ConfigError({
    where: `${where}.attention`,
    expected: `a variant registered for ${type} stages (${known.join(', ')})`,
    got: describeJson(name),
    fix: 'correct the name, or pass the variant in the registry',
  });
}

function checkKeys(
  stage: Readonly<Record<string, unknown>>,
  variants: readonly AnyAttentionVariant[],
  where: string,
): void {
  const known = new Set([...commonStageKeys, ...variants.flatMap((variant) => variant.stageKeys)]);
  for (const key of Object.keys(stage)) {
    if (known.has(key)) continue;
    throw new ConfigError({
      where: `${where}.${key}`,
      expected: `a key that the stage knows (${[...known].join(', ')})`,
      got: 'an unknown key',
      fix: 'correct or remove it',
    });
  }
}

function checkApplications(stages: readonly StageConfig[]): void {
  const applications = stages.reduce((sum, stage) => sum + stage.iterations * stage.layers.length, 0);
  if (applications <= mostApplications) return;
  throw new ConfigError({
    where: 'config.stages',
    expected: `at most ${mostApplications} layer applications (iterations x layers, summed)`,
    got: `${applications}`,
  });
}

function tokenIds(source: Readonly<Record<string, unknown>>, key: string, vocabularySize: number): readonly number[] {
  const value = source[key];
  if (value === undefined || value === null) return [];
  const ids: unknown[] = Array.isArray(value) ? value : [value];
  const valid = ids.every((id) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabularySize);
  if (valid) return ids as number[];
  throw new ConfigError({
    where: `config.${key}`,
    expected: `ids from 0 to ${vocabularySize - 1}`,
    got: describeJson(value),
  });
}
