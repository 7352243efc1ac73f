/** Numbers that look random and are always the same (Mulberry32), for loads and hostile requests. */
export interface Random {
  /** From 0 up to, not including, 1. */
  number(): number;
  /** An integer from 0 up to, not including, `below`. */
  integer(below: number): number;
  of<T>(values: readonly T[]): T;
}

export function createRandom(seed: number): Random {
  let state = seed | 0;
  const number = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number): number => Math.floor(number() * below);
  return { number, integer, of: (values) => values[integer(values.length)]! };
}
