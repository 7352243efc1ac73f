import { ConfigError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { parseConfig, withIterations } from './config.ts';
import { registry, yocoU } from './testing.ts';

const [self, cross] = yocoU.stages;
const withStages = (...stages: unknown[]) => ({ ...yocoU, stages });

describe('parseConfig', () => {
  test('reads what is written and fills in the defaults', () => {
    const config = parseConfig({ ...yocoU, extra: { kept: true } }, registry);
    expect(config).toMatchObject({ hiddenSize: 32, embeddingScale: 1, bosTokenId: undefined, eosTokenIds: [] });
    expect(config.stages.map(({ type, iterations, rope }) => [type, iterations, rope])).toEqual([
      ['self', 3, true],
      ['cross', 1, false],
    ]);
    expect(config.source.extra).toEqual({ kept: true });
  });

  test('takes a list of attention names, one a layer', () => {
    const hybrid = { ...self, attention: ['gated_retention', 'sliding_window'] };
    const names = parseConfig(withStages(hybrid, cross), registry).stages[0]!.layers.map(({ variant }) => variant.name);
    expect(names).toEqual(['gated_retention', 'sliding_window']);
  });

  test('eos_token_id may be a list; rope_theta may be left out where nothing rotates', () => {
    const { rope_theta: _, ...unrotated } = withStages({ ...self, rope: false }, cross);
    expect(parseConfig({ ...unrotated, eos_token_id: [1, 2] }, registry).eosTokenIds).toEqual([1, 2]);
  });

  const { hidden_size: _, ...withoutWidth } = yocoU;
  const { window: __, ...withoutWindow } = self;
  const { rope_theta: ___, ...withoutTheta } = yocoU;
  const { qk_norm: ____, tie_word_embeddings: _____, ...withoutTie } = yocoU;
  test.each([
    ['null', null, 'config: expected a JSON object'],
    ['a list', [], 'config: expected a JSON object'],
    ['a missing width', withoutWidth, 'config.hidden_size'],
    ['a width of zero', { ...yocoU, hidden_size: 0 }, 'config.hidden_size'],
    ['a width as text', { ...yocoU, hidden_size: '32' }, 'config.hidden_size'],
    ['a huge width', { ...yocoU, hidden_size: 1e300 }, 'config.hidden_size'],
    [
      'an infinite eps',
      { ...yocoU, rms_norm_eps: Number.POSITIVE_INFINITY },
      'rms_norm_eps: expected a finite number > 0, got Inf',
    ],
    [
      'a width as a bigint',
      { ...yocoU, hidden_size: 32n },
      'config.hidden_size: expected an integer from 1 to 2147483647, got 32',
    ],
    ['a function', { ...yocoU, vocab_size: Math.max }, 'config.vocab_size: expected an integer'],
    ['no tie_word_embeddings', withoutTie, 'config.tie_word_embeddings'],
    ['heads of no possible width', { ...yocoU, head_dim: 2 ** 30 }, 'config.head_dim: expected at most'],
    ['heads that do not divide', { ...yocoU, num_key_value_heads: 3 }, 'config.num_attention_heads'],
    ['an odd rotated head', { ...yocoU, head_dim: 15 }, 'config.head_dim'],
    ['no rope_theta', withoutTheta, 'config.rope_theta'],
    ['a BOS outside the vocabulary', { ...yocoU, bos_token_id: 97 }, 'config.bos_token_id'],
    ['no stages', withStages(), 'config.stages'],
    ['stages that are no list', { ...yocoU, stages: {} }, 'config.stages'],
    ['a stage of an unknown type', withStages({ ...self, type: 'both' }), 'config.stages[0].type'],
    ['an unknown attention', withStages({ ...self, attention: 'slidng_window' }), '"slidng_window"'],
    ['a cross stage that slides', withStages({ ...cross, attention: 'sliding_window' }), 'registered for cross stages'],
    ['a list of the wrong length', withStages({ ...self, attention: ['full'] }), 'a list of 2'],
    ['an unknown stage key', withStages({ ...self, iteration: 3 }), 'config.stages[0].iteration'],
    ['a window where nothing slides', withStages({ ...self, attention: 'full' }), 'config.stages[0].window'],
    ['no window where a layer slides', withStages(withoutWindow), 'config.stages[0].window'],
    ['no iterations to speak of', withStages({ ...self, iterations: 0 }), 'config.stages[0].iterations'],
    ['too many applications', withStages({ ...self, iterations: 2 ** 30 }), 'layer applications'],
    ['too many layers', withStages({ ...self, layers: 2 ** 30 }), 'config.stages[0].layers'],
  ])('refuses %s, by name', (_name, json, message) => {
    expect(() => parseConfig(json, registry)).toThrow(ConfigError);
    expect(() => parseConfig(json, registry)).toThrow(message);
  });
});

describe('a registry', () => {
  const refuse = (changes: object) => () => parseConfig(yocoU, [...registry, { ...registry[0]!, ...changes }]);

  test('with two variants of one stage and name is refused', () => {
    expect(refuse({})).toThrow(ConfigError);
    expect(refuse({})).toThrow("registry: self attention 'sliding_window': expected one variant of this name, got two");
  });

  test('may hold one name for both stages', () => {
    expect(refuse({ stage: 'cross' })).not.toThrow();
  });

  test.each([2, undefined])('with a variant of specVersion %s is refused', (specVersion) => {
    expect(refuse({ name: 'mine', specVersion })).toThrow(ConfigError);
    expect(refuse({ name: 'mine', specVersion })).toThrow(
      `registry: self attention 'mine': expected specVersion 1, got ${specVersion}`,
    );
  });
});

describe('withIterations', () => {
  const config = parseConfig(withStages(cross, self, self), registry);

  test('replaces those of the first self stage only', () => {
    expect(withIterations(config, 5).stages.map((stage) => stage.iterations)).toEqual([1, 5, 3]);
  });

  test.each([0, 1.5, Number.NaN, 1e9])('refuses %s', (iterations) => {
    expect(() => withIterations(config, iterations)).toThrow(ConfigError);
  });

  test('refuses a model without a self stage', () => {
    expect(() => withIterations(parseConfig(withStages(cross), registry), 2)).toThrow('a self stage');
  });
});
