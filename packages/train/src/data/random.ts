/** Seeded random integers: the same for a seed on every machine. */

/** Integers from 0 below `limit` (at most 2^32), each as likely as the others. */
export type RandomBelow = (limit: number) => number;

/** `stream` gives independent sequences of one seed, such as one an epoch. Both are safe integers. sfc32 by C. Doty-Humphrey. */
export function createRandom(seed: number, stream = 0): RandomBelow {
  let a = mix(low(seed));
  let b = mix(high(seed) ^ a);
  let c = mix(low(stream) ^ b);
  let counter = mix(high(stream) ^ c) | 1;
  const next = (): number => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return (limit) => {
    // Values beyond the last whole multiple would make small results more likely.
    const usable = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const value = next();
      if (value < usable) return value % limit;
    }
  };
}

/** Numbers from 0 below `count` in random order (Fisher and Yates). */
export function randomOrder(count: number, random: RandomBelow): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random(last + 1);
    const kept = order[last];
    order[last] = order[other];
    order[other] = kept;
  }
  return order;
}

/** Spreads the bits of 32: MurmurHash3's finalizer. */
export function mix(value: number): number {
  let mixed = (value + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function low(value: number): number {
  return value | 0;
}

function high(value: number): number {
  return Math.floor(value / 2 ** 32) | 0;
}
