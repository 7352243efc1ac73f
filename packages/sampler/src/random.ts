/**
 * Counter-based random numbers: draw n of a seed is a pure function of (seed, n), on every engine and platform.
 *
 * Philox4x32-10 of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
 */
import { requireNumber } from './require-number.ts';

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const rounds = 10;

/** A seeded stream of uniform numbers. */
export interface Random {
  readonly seed: number;
  /** The next number, uniform in [0, 1) with 53 bits. */
  uniform(): number;
  /** Starts the stream over. */
  reset(): void;
}

/** The stream of a seed, an integer from 0 to 2^53 - 1. Throws `RequestError` for any other seed. */
export function createRandom(seed: number): Random {
  requireNumber('random', 'seed', seed, { minimum: 0, maximum: Number.MAX_SAFE_INTEGER, integer: true });
  const block = new Uint32Array(4);
  const key = new Uint32Array([seed >>> 0, Math.floor(seed / 2 ** 32)]);
  let drawn = 0;
  return {
    seed,
    uniform() {
      block[0] = drawn >>> 0;
      block[1] = Math.floor(drawn / 2 ** 32);
      block[2] = 0;
      block[3] = 0;
      drawn++;
      philox4x32(block, key);
      return ((block[0] >>> 5) * 2 ** 26 + (block[1] >>> 6)) / 2 ** 53;
    },
    reset() {
      drawn = 0;
    },
  };
}

/** A seed from the platform's entropy, for callers that gave none. */
export function randomSeed(): number {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return (words[0] >>> 11) * 2 ** 32 + words[1];
}

/** Replaces the counter `block` [4] by its Philox4x32-10 output under `key` [2]. */
export function philox4x32(block: Uint32Array, key: Uint32Array): void {
  let [c0, c1, c2, c3] = [block[0], block[1], block[2], block[3]];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + weyl0) | 0;
    k1 = (k1 + weyl1) | 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

/** The upper 32 bits of an unsigned 32 x 32 product; partial products of 16 bits stay exact in a double. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle % 2 ** 16);
  return aHigh * bHigh + Math.floor(middle / 2 ** 16) + Math.floor(carry / 2 ** 16);
}
