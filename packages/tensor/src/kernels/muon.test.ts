import { ShapeError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { f32, tensorType } from '../shape.ts';
import { evaluate, seededArray, type TestInput } from '../testing.ts';
import { gram, muonDirection, muonUpdate, newtonSchulz, normalize, transpose } from './index.ts';

const input = (data: Float64Array, ...shape: number[]): TestInput => ({ type: tensorType(f32, ...shape), data });
const matrix = (data: Float64Array): TestInput => input(data, 3, data.length / 3);
const one = (value: number): TestInput => input(Float64Array.of(value), 1);

describe('muon_direction', () => {
  test('looks ahead of a running mean of the gradient', () => {
    const mean = new Float64Array(6);
    const expected = new Float64Array(6);
    for (let step = 1; step <= 3; step++) {
      const gradient = seededArray(6, step);
      const inputs = [matrix(mean), matrix(gradient), one(0.5)];
      const [direction] = evaluate(muonDirection, inputs, { momentum: 0.95, gradientScale: 3 });
      for (let i = 0; i < 6; i++) {
        expected[i] = 0.95 * expected[i]! + 0.05 * 1.5 * gradient[i]!;
        expect(mean[i]).toBeCloseTo(expected[i]!, 14);
        expect(direction![i]).toBeCloseTo(0.95 * expected[i]! + 0.05 * 1.5 * gradient[i]!, 14);
      }
    }
  });

  test('is the gradient where nothing stays', () => {
    const gradient = seededArray(6, 4);
    const [direction] = evaluate(muonDirection, [matrix(seededArray(6, 5)), matrix(gradient)], { momentum: 0 });
    expect(direction).toEqual(gradient);
  });

  test('names shapes that differ', () => {
    const types = [tensorType(f32, 3, 2), tensorType(f32, 2, 3)];
    expect(() => muonDirection.infer(types, { momentum: 0.9 })).toThrow(
      'muon_direction: expected mean and gradient of one shape',
    );
  });
});

describe('normalize', () => {
  test('divides by the norm', () => {
    const [y] = evaluate(normalize, [matrix(Float64Array.of(2, 4, 4)), one(36)], {});
    for (const [i, expected] of [1 / 3, 2 / 3, 2 / 3].entries()) expect(y![i]).toBeCloseTo(expected, 7);
  });

  test('leaves zeros as they are', () => {
    expect(evaluate(normalize, [matrix(new Float64Array(3)), one(0)], {})).toEqual([new Float64Array(3)]);
  });
});

test('transpose and gram', () => {
  const x = input(Float64Array.of(1, 2, 3, 4, 5, 6), 2, 3);
  expect(evaluate(transpose, [x], {})).toEqual([Float64Array.of(1, 4, 2, 5, 3, 6)]);
  expect(evaluate(gram, [x], {})).toEqual([Float64Array.of(14, 32, 32, 77)]);
  for (const kernel of [gram, transpose]) {
    expect(() => kernel.infer([tensorType(f32, 2, 3, 4)], {})).toThrow(`${kernel.name}: expected a matrix`);
  }
});

describe('newton_schulz', () => {
  test('adds identity, gram and square', () => {
    const inputs = [input(Float64Array.of(1, 2, 2, 3), 2, 2), input(Float64Array.of(5, 8, 8, 13), 2, 2)];
    const [factor] = evaluate(newtonSchulz, inputs, { coefficients: [10, 0.5, -1] });
    expect([...factor!]).toEqual([10 + 0.5 - 5, 1 - 8, 1 - 8, 10 + 1.5 - 13]);
  });

  test('refuses what is not square', () => {
    const types = [tensorType(f32, 2, 3), tensorType(f32, 2, 3)];
    expect(() => newtonSchulz.infer(types, { coefficients: [1, 1, 1] })).toThrow(ShapeError);
  });
});

test('muon_update steps against the direction, and decays apart from it', () => {
  const parameter = Float64Array.of(1, -2, 4);
  const inputs = [matrix(parameter), matrix(Float64Array.of(1, 0, -1))];
  evaluate(muonUpdate, inputs, { learningRate: 0.5, weightDecay: 0.125, factor: 0.25 });
  expect([...parameter]).toEqual([1 - 0.125 - 0.0625, -2 + 0.125, 4 + 0.125 - 0.25]);
});
