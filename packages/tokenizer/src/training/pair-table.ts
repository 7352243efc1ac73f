/** Numbers for pairs of ids, in the order they are first asked for, and a count for each: an open-addressing hash table. */

export interface PairTable {
  /** The pair's number; a new pair starts with a count of 0. */
  numberOf(left: number, right: number): number;
  left(pair: number): number;
  right(pair: number): number;
  count(pair: number): number;
  setCount(pair: number, count: number): void;
  readonly size: number;
}

export function createPairTable(): PairTable {
  let size = 0;
  let lefts = new Int32Array(1024);
  let rights = new Int32Array(1024);
  let counts = new Float64Array(1024);
  // Twice to four times as many slots as pairs; a slot holds a pair's number plus 1, or 0.
  let slots = new Int32Array(4096);

  function slotOf(left: number, right: number): number {
    const mask = slots.length - 1;
    const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const pair = slots[slot] - 1;
      if (lefts[pair] === left && rights[pair] === right) break;
    }
    return slot;
  }

  function grow(): void {
    lefts = copyInto(new Int32Array(2 * size), lefts);
    rights = copyInto(new Int32Array(2 * size), rights);
    counts = copyInto(new Float64Array(2 * size), counts);
    slots = new Int32Array(8 * size);
    for (let pair = 0; pair < size; pair++) slots[slotOf(lefts[pair], rights[pair])] = pair + 1;
  }

  return {
    numberOf(left, right) {
      const slot = slotOf(left, right);
      if (slots[slot] !== 0) return slots[slot] - 1;
      slots[slot] = size + 1;
      lefts[size] = left;
      rights[size] = right;
      const pair = size++;
      if (size === lefts.length) grow();
      return pair;
    },
    left: (pair) => lefts[pair],
    right: (pair) => rights[pair],
    count: (pair) => counts[pair],
    setCount(pair, count) {
      counts[pair] = count;
    },
    get size() {
      return size;
    },
  };
}

function copyInto<A extends Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(larger: A, values: A): A {
  larger.set(values);
  return larger;
}
