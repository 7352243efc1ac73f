import { describe, expect, test } from 'vitest';
import { parseConfig } from './config.ts';
import { cacheBytes, decodeBytes, flopsPerToken, prefillFlops } from './cost.ts';
import { countParameters, listParameters } from './parameters.ts';
import { comparedSystems } from './systems.ts';
import { registry, yocoU } from './testing.ts';

/** The sizes of the paper's cache table: 20 layers, key/value width 512, W = 512, T = 3. */
const paper = {
  ...yocoU,
  hidden_size: 2560,
  num_attention_heads: 20,
  num_key_value_heads: 4,
  head_dim: 128,
  intermediate_size: 6912,
  max_position_embeddings: 8192,
  stages: [
    { type: 'self', layers: 10, iterations: 3, attention: 'sliding_window', window: 512, rope: true },
    { type: 'cross', layers: 10, attention: 'full' },
  ],
};
const systems = new Map(
  comparedSystems(parseConfig(paper, registry)).map(({ name, config }) => [name, parseConfig(config, registry)]),
);

test('a model whose heads cannot be rotated has systems beside it, too', () => {
  const stages = paper.stages.map((stage) => ({ ...stage, rope: false }));
  const odd = parseConfig({ ...paper, head_dim: 127, stages }, registry);
  for (const { config } of comparedSystems(odd)) expect(parseConfig(config, registry).headDim).toBe(127);
});

describe('cacheBytes', () => {
  // MiB with two bytes an element; caches here are float32
  test.each([
    ['Transformer', [320, 640, 2560, 10240]],
    ['Universal Transformer', [640, 1280, 5120, 20480]],
    ['RINS', [640, 1280, 5120, 20480]],
    ['YOCO', [26, 42, 138, 522]],
    ['YOCO-U', [46, 62, 158, 542]],
  ])('%s has the table of the specification', (name, expected) => {
    const lengths = [8, 16, 64, 256].map((k) => k * 1024);
    expect(lengths.map((tokens) => cacheBytes(systems.get(name)!, tokens) / 2 / 2 ** 20)).toEqual(expected);
  });

  test('gated retention does not grow with the context', () => {
    const [self, cross] = paper.stages;
    const { window: _, ...stage } = { ...self!, attention: 'gated_retention' } as Record<string, unknown>;
    const config = parseConfig({ ...paper, qk_norm: false, stages: [stage, cross] }, registry);
    const states = 3 * 10 * 4 * 20 * 128 * 128;
    expect(cacheBytes(config, 1)).toBe(states + 2 * 4 * 512);
    expect(cacheBytes(config, 1000)).toBe(states + 2 * 4 * 512 * 1000);
  });
});

describe('flopsPerToken', () => {
  const d = 2560;
  const keyValue = 512;
  const feedForward = 3 * d * 6912;
  const head = 2 * d * 97;

  test('Transformer: the formula written out', () => {
    const layer = 2 * (2 * d * d + 2 * d * keyValue + feedForward) + 4 * d * ((8192 + 1) / 2);
    expect(flopsPerToken(systems.get('Transformer')!, 8192)).toBe(20 * layer + head);
  });

  test('YOCO-U: windowed keys in the loop, shared keys and values once', () => {
    const window = 512 - (512 * 511) / (2 * 8192);
    const self = 2 * (2 * d * d + 2 * d * keyValue + feedForward) + 4 * d * window;
    const cross = 2 * (2 * d * d + feedForward) + 4 * d * ((8192 + 1) / 2);
    expect(flopsPerToken(systems.get('YOCO-U')!, 8192)).toBeCloseTo(
      30 * self + 4 * d * keyValue + 10 * cross + head,
      0,
    );
  });

  test('YOCO-U costs nearly twice YOCO at T = 3', () => {
    const ratio = flopsPerToken(systems.get('YOCO-U')!, 8192) / flopsPerToken(systems.get('YOCO')!, 8192);
    expect(ratio).toBeGreaterThan(1.7);
    expect(ratio).toBeLessThan(2);
  });

  test('prefill is linear with early exit and quadratic without', () => {
    const growth = (name: string) =>
      prefillFlops(systems.get(name)!, 2 ** 18) / prefillFlops(systems.get(name)!, 2 ** 17);
    expect(growth('YOCO-U')).toBeCloseTo(2, 1);
    expect(growth('Transformer')).toBeGreaterThan(3);
  });
});

describe('decodeBytes', () => {
  const weightBytes = (name: string, prefix: string) =>
    listParameters(systems.get(name)!)
      .filter((parameter) => parameter.name.startsWith(prefix))
      .reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  const row = 2 * 4 * 512;

  test('Transformer: every weight and every cached row once', () => {
    expect(decodeBytes(systems.get('Transformer')!, 8192)).toBe(weightBytes('Transformer', 'model.') + 20 * 8192 * row);
  });

  test('YOCO-U: looped weights and windows three times, the shared cache once a cross layer', () => {
    const looped = weightBytes('YOCO-U', 'model.stages.0.layers') + 10 * 512 * row;
    expect(decodeBytes(systems.get('YOCO-U')!, 8192)).toBe(
      weightBytes('YOCO-U', 'model.') - weightBytes('YOCO-U', 'model.stages.0.layers') + 3 * looped + 10 * 8192 * row,
    );
  });

  test('of an embedding with a head apart only one row is read', () => {
    const config = systems.get('YOCO')!;
    const apart = { ...config, tieWordEmbeddings: false };
    expect(decodeBytes(apart, 10) - decodeBytes(config, 10)).toBe(4 * config.hiddenSize);
  });
});

describe('countParameters', () => {
  test('does not depend on iterations', () => {
    const counts = [1, 2, 5].map((iterations) => {
      const stages = paper.stages.map((stage) => (stage.type === 'self' ? { ...stage, iterations } : stage));
      return countParameters(parseConfig({ ...paper, stages }, registry));
    });
    expect(new Set(counts).size).toBe(1);
  });
});
