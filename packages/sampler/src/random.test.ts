import { RequestError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createRandom, philox4x32, randomSeed } from './random.ts';
import { chiSquare, chiSquareLimit } from './testing.ts';

describe('philox4x32', () => {
  // The known answers published with the Random123 library.
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the known answer for counter %j and key %j', (counter, key, expected) => {
    const block = new Uint32Array(counter);
    philox4x32(block, new Uint32Array(key));
    expect([...block]).toEqual(expected);
  });
});

describe('createRandom', () => {
  test('the same seed gives the same numbers, another seed others, and reset starts over', () => {
    const take = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 5 }, () => random.uniform());
    };
    expect(take(42)).toEqual(take(42));
    expect(take(42)).not.toEqual(take(43));
    const random = createRandom(42);
    random.uniform();
    random.reset();
    expect(random.uniform()).toBe(take(42)[0]);
  });

  test('seeds that differ only above 32 bits give different numbers', () => {
    expect(createRandom(7).uniform()).not.toBe(createRandom(7 + 2 ** 40).uniform());
  });

  test('the numbers are pinned, so that a saved seed keeps its meaning', () => {
    const random = createRandom(0);
    // From the first known answer: (0x6627e8d5 >>> 5) * 2^26 + (0xe169c58d >>> 6), over 2^53.
    expect(random.uniform()).toBe((0x33_13f46 * 2 ** 26 + 0x385_a716) / 2 ** 53);
  });

  test('numbers are uniform in [0, 1)', () => {
    const random = createRandom(3);
    const counts = new Array<number>(31).fill(0);
    for (let i = 0; i < 50_000; i++) counts[Math.floor(random.uniform() * counts.length)]++;
    expect(
      chiSquare(
        counts,
        counts.map(() => 1 / counts.length),
      ),
    ).toBeLessThan(chiSquareLimit(30));
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses seed %s', (seed) => {
    expect(() => createRandom(seed)).toThrow(RequestError);
  });

  test('a random seed is a valid seed', () => {
    expect(createRandom(randomSeed()).uniform()).toBeLessThan(1);
  });
});
