import { ShapeError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { f32, tensorType } from '../shape.ts';
import { evaluate, seededArray, type TestInput } from '../testing.ts';
import { adamwUpdate, clipScale, fillState, sgdUpdate, squareSum } from './index.ts';

const size = 13;
const vector = (data: Float64Array): TestInput => ({ type: tensorType(f32, data.length), data });
const one = (value: number): TestInput => vector(Float64Array.of(value));

const adamw = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 };
const corrections = (step: number) => ({
  meanCorrection: 1 - adamw.beta1 ** step,
  varianceCorrection: 1 - adamw.beta2 ** step,
});

describe('adamw_update', () => {
  test('the first step is learningRate against the sign of the gradient, whatever its size', () => {
    const before = seededArray(size, 1);
    const parameter = before.slice();
    const gradient = seededArray(size, 2, 100);
    const inputs = [parameter, new Float64Array(size), new Float64Array(size), gradient].map(vector);
    evaluate(adamwUpdate, inputs, { ...adamw, ...corrections(1), eps: 0, weightDecay: 0 });
    for (let i = 0; i < size; i++) expect(parameter[i]! - before[i]!).toBeCloseTo(-0.01 * Math.sign(gradient[i]!), 12);
  });

  test('decay is apart from the gradient', () => {
    const before = seededArray(size, 3);
    const parameter = before.slice();
    const inputs = [parameter, ...[0, 0, 0].map(() => new Float64Array(size))].map(vector);
    evaluate(adamwUpdate, inputs, { ...adamw, ...corrections(1) });
    for (let i = 0; i < size; i++) expect(parameter[i]).toBeCloseTo(before[i]! * (1 - 0.01 * 0.1), 14);
  });

  test('several steps follow the formula', () => {
    const parameter = seededArray(size, 4);
    const mean = new Float64Array(size);
    const variance = new Float64Array(size);
    const [p, m, v] = [parameter.slice(), new Float64Array(size), new Float64Array(size)];
    for (let step = 1; step <= 3; step++) {
      const gradient = seededArray(size, 10 + step);
      const inputs = [...[parameter, mean, variance, gradient].map(vector), one(0.5)];
      evaluate(adamwUpdate, inputs, { ...adamw, ...corrections(step), gradientScale: 3 });
      for (let i = 0; i < size; i++) {
        const g = 1.5 * gradient[i]!;
        m[i] = 0.9 * m[i]! + 0.1 * g;
        v[i] = 0.95 * v[i]! + 0.05 * g ** 2;
        p[i] = p[i]! - 0.01 * 0.1 * p[i]!;
        p[i] = p[i]! - (0.01 * (m[i]! / (1 - 0.9 ** step))) / (Math.sqrt(v[i]! / (1 - 0.95 ** step)) + 1e-8);
      }
    }
    for (let i = 0; i < size; i++) {
      expect(mean[i]).toBeCloseTo(m[i]!, 14);
      expect(variance[i]).toBeCloseTo(v[i]!, 14);
      expect(parameter[i]).toBeCloseTo(p[i]!, 14);
    }
  });

  test('shapes that differ are named', () => {
    const types = [size, size, size, size - 1].map((length) => tensorType(f32, length));
    expect(() => adamwUpdate.infer(types, { ...adamw, ...corrections(1) })).toThrow(
      'adamw_update: expected parameter and gradient of one shape',
    );
    expect(() => adamwUpdate.infer(types.slice(0, 3), { ...adamw, ...corrections(1) })).toThrow(ShapeError);
  });
});

describe('sgd_update', () => {
  test('keeps a part of the velocity', () => {
    const parameter = Float64Array.of(1, -2);
    const velocity = Float64Array.of(0, 0);
    const step = (...gradient: number[]) =>
      evaluate(sgdUpdate, [parameter, velocity, Float64Array.from(gradient)].map(vector), {
        learningRate: 0.5,
        momentum: 0.5,
        weightDecay: 0.125,
      });
    step(1, 0);
    expect([...parameter]).toEqual([1 - 0.5 * 1.125, -2 + 0.125]);
    step(0, 2);
    expect([...velocity]).toEqual([0.5, 2]);
  });
});

describe('clipping', () => {
  test('sums squares over tensors, and scales what is too long', () => {
    const [first] = evaluate(squareSum, [vector(Float64Array.of(1, 2, 2))], {});
    const [both] = evaluate(squareSum, [vector(Float64Array.of(4)), vector(first!)], {});
    expect([...both!]).toEqual([25]);
    const [scale, norm] = evaluate(clipScale, [vector(both!)], { max: 1 });
    expect(norm![0]).toBe(5);
    expect(scale![0]).toBeCloseTo(1 / (5 + 1e-6), 15);
  });

  test('leaves what is short enough, and takes a factor into account', () => {
    expect(evaluate(clipScale, [one(25)], { max: 6 })).toEqual([Float64Array.of(1), Float64Array.of(5)]);
    const [scale, norm] = evaluate(clipScale, [one(25)], { max: 1, gradientScale: 0.5 });
    expect(norm![0]).toBe(2.5);
    // gradient · scale has the norm asked for
    expect(scale![0]! * 5).toBeCloseTo(1, 6);
    expect(evaluate(clipScale, [one(0)], { max: 1 })).toEqual([Float64Array.of(1), Float64Array.of(0)]);
  });
});

test('fill_state sets every element', () => {
  const state = seededArray(size, 5);
  evaluate(fillState, [vector(state)], { value: 0 });
  expect(state).toEqual(new Float64Array(size));
});
