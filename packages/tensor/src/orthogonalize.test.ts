import { ShapeError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createGraph } from './graph.ts';
import { orthogonalize } from './orthogonalize.ts';
import { createReferenceBackend } from './reference/index.ts';
import { f32, tensorType } from './shape.ts';
import { seededArray } from './testing.ts';

async function orthogonalized(x: Float64Array, rows: number, columns: number): Promise<Float64Array> {
  const graph = createGraph();
  const program = graph.build({ y: orthogonalize(graph, graph.declare('input', 'x', tensorType(f32, rows, columns))) });
  await using backend = createReferenceBackend();
  const buffers = {
    x: backend.allocate(tensorType(f32, rows, columns)),
    y: backend.allocate(tensorType(f32, rows, columns)),
  };
  backend.write(buffers.x, x);
  (await backend.compile(program)).bind(buffers).run();
  const y = new Float64Array(rows * columns);
  await backend.download(buffers.y, y);
  return y;
}

/** [rows, columns] with orthonormal columns, rows ≥ columns: Gram and Schmidt. */
function orthonormalColumns(rows: number, columns: number, seed: number): Float64Array {
  const q = seededArray(rows * columns, seed);
  const dot = (a: number, b: number): number => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += q[row * columns + a]! * q[row * columns + b]!;
    return sum;
  };
  for (let c = 0; c < columns; c++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < c; other++) {
        const share = dot(c, other);
        for (let row = 0; row < rows; row++) q[row * columns + c]! -= share * q[row * columns + other]!;
      }
    }
    const norm = Math.sqrt(dot(c, c));
    for (let row = 0; row < rows; row++) q[row * columns + c]! /= norm;
  }
  return q;
}

/** Σ_k u[i, k] · values[k] · v[j, k] */
function compose(u: Float64Array, values: readonly number[], v: Float64Array): Float64Array {
  const rank = values.length;
  const [rows, columns] = [u.length / rank, v.length / rank];
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return values.reduce((sum, value, k) => sum + u[i * rank + k]! * value * v[j * rank + k]!, 0);
  });
}

/** What five iterations make of a singular value. */
function quintic(value: number): number {
  let x = value;
  for (let i = 0; i < 5; i++) x = 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
  return x;
}

describe('orthogonalize', () => {
  test.each([
    [1, 1],
    [1, 7],
    [7, 1],
    [5, 5],
    [4, 9],
    [9, 4],
    [33, 12],
  ])('[%i, %i]: singular vectors stay, singular values come near 1', async (rows, columns) => {
    const rank = Math.min(rows, columns);
    const values = Array.from({ length: rank }, (_, k) => 20 * 0.7 ** k);
    const norm = Math.hypot(...values);
    const [u, v] = [orthonormalColumns(rows, rank, 3), orthonormalColumns(columns, rank, 8)];
    const expected = compose(
      u,
      values.map((value) => quintic(value / norm)),
      v,
    );
    const got = await orthogonalized(compose(u, values, v), rows, columns);
    for (let i = 0; i < got.length; i++) expect(got[i]).toBeCloseTo(expected[i]!, 6);
    for (const value of values) expect(Math.abs(quintic(value / norm) - 0.945)).toBeLessThan(0.27);
  });

  test('does not depend on the size of its input, and leaves zeros as they are', async () => {
    const x = seededArray(4 * 6, 2);
    const small = await orthogonalized(x, 4, 6);
    const large = await orthogonalized(
      x.map((value) => 1000 * value),
      4,
      6,
    );
    for (let i = 0; i < x.length; i++) expect(large[i]).toBeCloseTo(small[i]!, 5);
    expect(await orthogonalized(new Float64Array(24), 4, 6)).toEqual(new Float64Array(24));
  });

  test('wants a matrix', () => {
    const graph = createGraph();
    expect(() => orthogonalize(graph, graph.declare('input', 'x', tensorType(f32, 4)))).toThrow(ShapeError);
  });
});
