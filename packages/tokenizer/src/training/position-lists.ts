/** Many growing lists of positions in one pool, in the order of appending; what a list gives back is used again. */

/** Says that a list is over. */
export const NO_NODE = -1;

export interface PositionLists {
  append(list: number, position: number): void;
  /** The first node of a list, or `NO_NODE`. */
  first(list: number): number;
  next(node: number): number;
  position(node: number): number;
  /** Empties a list. */
  release(list: number): void;
}

/** @param capacity positions to make room for at first */
export function createPositionLists(capacity: number): PositionLists {
  let heads = new Int32Array(1024).fill(NO_NODE);
  let tails = new Int32Array(1024);
  let positions = new Int32Array(Math.max(16, capacity));
  let followers = new Int32Array(positions.length);
  let used = 0;
  let free = NO_NODE;

  function takeNode(): number {
    if (free !== NO_NODE) {
      const node = free;
      free = followers[node];
      return node;
    }
    if (used === positions.length) {
      positions = enlarge(positions, used + (used >> 1));
      followers = enlarge(followers, used + (used >> 1));
    }
    return used++;
  }

  return {
    append(list, position) {
      if (list >= heads.length) {
        heads = enlarge(heads, 2 * list, NO_NODE);
        tails = enlarge(tails, 2 * list);
      }
      const node = takeNode();
      positions[node] = position;
      followers[node] = NO_NODE;
      if (heads[list] === NO_NODE) heads[list] = node;
      else followers[tails[list]] = node;
      tails[list] = node;
    },
    first: (list) => (list < heads.length ? heads[list] : NO_NODE),
    next: (node) => followers[node],
    position: (node) => positions[node],
    release(list) {
      if (list >= heads.length || heads[list] === NO_NODE) return;
      followers[tails[list]] = free;
      free = heads[list];
      heads[list] = NO_NODE;
    },
  };
}

function enlarge(values: Int32Array<ArrayBuffer>, length: number, fill = 0): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(values);
  return fill === 0 ? larger : larger.fill(fill, values.length);
}
