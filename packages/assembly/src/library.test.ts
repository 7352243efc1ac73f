import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModule } from './compile.ts';

const source = `
import { exponential, storeExponentialConstants } from 'kernel/exponential';
import { loadPart, maxLanes, storePart, sumLanes } from 'kernel/simd';
import { shareStart, shareStartOf } from 'kernel/split';
export function exponentials(from: usize, to: usize, count: i32): void {
  storeExponentialConstants(0);
  for (let i = 0; i < count; i += 4) v128.store(to + (<usize>i << 2), exponential(v128.load(from + (<usize>i << 2)), 0));
}
export function copyPart(from: usize, to: usize, count: i32): void { storePart(to, loadPart(from, count), count); }
export function sum(from: usize): f32 { return sumLanes(v128.load(from)); }
export function largest(from: usize): f32 { return maxLanes(v128.load(from)); }
export function share(total: i32, thread: i32, threads: i32): i32 { return shareStart(total, thread, threads); }
export function shareOf(total: i32, unit: i32, thread: i32, threads: i32): i32 {
  return shareStartOf(total, unit, thread, threads);
}
`;

describe.each(['relaxed', 'baseline'] as const)('kernel helpers, %s', (variant) => {
  const folder = mkdtemp(join(tmpdir(), 'library-'));
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const floats = new Float32Array(memory.buffer);
  let call: Record<string, (...values: number[]) => number>;
  beforeAll(async () => {
    const entry = join(await folder, 'helpers.ts');
    await writeFile(entry, source);
    const module = new WebAssembly.Module(await compileModule({ entry, variant }));
    call = new WebAssembly.Instance(module, { env: { memory } }).exports as typeof call;
  });
  afterAll(async () => rm(await folder, { recursive: true }));

  const exponentials = (values: readonly number[]): Float32Array => {
    const count = Math.ceil(values.length / 4) * 4;
    floats.set(values, 1024);
    call.exponentials!(4096, 4096 + 4 * count, count);
    return floats.slice(1024 + count, 1024 + count + values.length);
  };

  test('exponential is within 1.5e-7 of exp, relative', () => {
    const values = Array.from({ length: 200_000 }, (_, index) => Math.fround(-86.9 + (index / 200_000) * 175.2));
    const results = exponentials(values);
    let error = 0;
    values.forEach((value, index) => {
      const exact = Math.exp(value);
      error = Math.max(error, Math.abs(results[index]! - exact) / exact);
    });
    expect(error).toBeLessThan(1.5e-7);
  });

  test('exponential of special numbers', () => {
    const [one, zero, tiny, largest, nan] = exponentials([0, Number.NEGATIVE_INFINITY, -100, 1e30, Number.NaN]);
    expect([one, zero, tiny, nan]).toEqual([1, 0, 0, Number.NaN]);
    expect(largest).toBeGreaterThan(2e38);
    expect(largest).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test.each([1, 2, 3])('a part of %i floats leaves the others alone', (count) => {
    floats.set([1, 2, 3, 4], 1024);
    floats.set([9, 9, 9, 9], 2048);
    call.copyPart!(4096, 8192, count);
    expect([...floats.subarray(2048, 2052)]).toEqual([1, 2, 3, 4].map((value, index) => (index < count ? value : 9)));
  });

  test('sum and largest of lanes', () => {
    floats.set([-3, 7, 2, 5], 1024);
    expect(call.sum!(4096)).toBe(11);
    expect(call.largest!(4096)).toBe(7);
  });

  test.each([0, 1, 7, 64, 1000])('shares of %i cover everything once, in whole units', (total) => {
    for (const threads of [1, 2, 3, 8]) {
      expect([call.share!(total, 0, threads), call.share!(total, threads, threads)]).toEqual([0, total]);
      for (let thread = 0; thread < threads; thread++) {
        const start = call.shareOf!(total, 16, thread, threads);
        expect(start === total || start % 16 === 0).toBe(true);
        expect(call.shareOf!(total, 16, thread + 1, threads)).toBeGreaterThanOrEqual(start);
      }
      expect(call.shareOf!(total, 16, threads, threads)).toBe(total);
    }
  });
});
