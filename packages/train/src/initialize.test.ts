import { withIterations } from '@yoco-u/model';
import { describe, expect, test } from 'vitest';
import { initialWeights } from './initialize.ts';
import { tinyConfig } from './testing.ts';

const weights = (seed: number, config = tinyConfig) =>
  new Map([...initialWeights(config, seed)].map(({ name, values }) => [name, values]));
const deviation = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe('initial weights', () => {
  test('are those of the seed', () => {
    expect(weights(1)).toEqual(weights(1));
    expect(weights(2).get('model.embed_tokens.weight')).not.toEqual(weights(1).get('model.embed_tokens.weight'));
  });

  test('keep the size of what goes through: normal, as wide as 1 over the root of the inputs', () => {
    const table = weights(3).get('model.embed_tokens.weight')!;
    expect(deviation(table) * Math.sqrt(12)).toBeCloseTo(1, 1);
    expect(table.reduce((sum, value) => sum + value, 0) / table.length).toBeCloseTo(0, 1);
    expect(weights(3).get('model.norm.weight')).toEqual(new Float32Array(12).fill(1));
  });

  test('add less to the residual stream the deeper the model is, iterations counted', () => {
    const name = 'model.stages.0.layers.0.feed_forward.down_proj.weight';
    const shallow = weights(4).get(name)!;
    const deep = weights(4, withIterations(tinyConfig, 17)).get(name)!;
    // 3 and 18 layer applications
    expect(deviation(shallow) / deviation(deep)).toBeCloseTo(Math.sqrt(6), 5);
  });
});
