import { expect, test } from 'vitest';
import { createWordCache } from './word-cache.ts';

test('keeps words in use and forgets others', () => {
  const cache = createWordCache<number>(10, 64);
  cache.set('often', 1);
  cache.set('once', 2);
  for (let index = 0; index < 100; index++) {
    cache.set(`word ${index}`, index);
    expect(cache.get('often')).toBe(1);
  }
  expect(cache.get('once')).toBeUndefined();
  expect(cache.get('word 99')).toBe(99);
  const kept = Array.from({ length: 100 }, (_, index) => cache.get(`word ${index}`)).filter((it) => it !== undefined);
  expect(kept.length).toBeLessThanOrEqual(20);
});

test('does not keep long words', () => {
  const cache = createWordCache<number>(10, 3);
  cache.set('abcd', 1);
  cache.set('a😀', 2);
  expect([cache.get('abcd'), cache.get('a😀')]).toEqual([undefined, 2]);
});
