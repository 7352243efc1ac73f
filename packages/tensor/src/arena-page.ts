/** A page of the arena, with what lies in it found by when it lives: programs of many thousands of calls are planned in time. */

/** Calls between which a temporary or an area of scratch memory is alive. */
export interface Lifetime {
  readonly bytes: number;
  /** Indices of calls, both included. */
  readonly first: number;
  readonly last: number;
}

export interface ArenaPage {
  readonly bytes: number;
  /** The lowest offset at which the item fits during its whole life, below what is placed or behind it. */
  lowestOffset(item: Lifetime): number;
  add(item: Lifetime, offset: number): void;
}

/** Ranges of bytes that are taken, ascending and apart: start, end, start, end, … */
type Ranges = number[];

/**
 * A page for items that live during calls 0 to `calls` - 1: a segment tree over the calls. A node stands for a stretch of calls and holds
 * the bytes that are taken at some time of it, and those that are taken during all of it by items that are not alive during all of its
 * parent's. A life is a few whole stretches: it meets what is taken at some time of these, or during all of one around them.
 */
export function createArenaPage(calls: number): ArenaPage {
  let bytes = 0;
  const leaves = 2 ** Math.ceil(Math.log2(Math.max(1, calls)));
  const always = new Array<Ranges | undefined>(2 * leaves);
  const sometime = new Array<Ranges | undefined>(2 * leaves);

  /** The stretches that a life is made of. */
  const eachStretch = ({ first, last }: Lifetime, visit: (node: number) => void): void => {
    for (let from = leaves + first, to = leaves + last + 1; from < to; from >>= 1, to >>= 1) {
      if (from % 2 === 1) visit(from++);
      if (to % 2 === 1) visit(--to);
    }
  };
  /** The stretches that its first or its last call is in: all that are around the former are among them. */
  const eachAround = ({ first, last }: Lifetime, visit: (node: number) => void): void => {
    for (let from = leaves + first, to = leaves + last; from > 0; from >>= 1, to >>= 1) {
      visit(from);
      if (to !== from) visit(to);
    }
  };

  return {
    get bytes() {
      return bytes;
    },
    lowestOffset(item) {
      const met: Ranges[] = [];
      const meet = (ranges: Ranges | undefined): void => void (ranges !== undefined && met.push(ranges));
      eachStretch(item, (node) => meet(sometime[node]));
      eachAround(item, (node) => meet(always[node]));
      let offset = 0;
      for (let clear = 0, at = 0; clear < met.length; at = (at + 1) % met.length) {
        const above = firstFit(met[at]!, offset, item.bytes);
        // what fits in one list must fit in all others
        clear = above === offset ? clear + 1 : 1;
        offset = above;
      }
      return offset;
    },
    add(item, offset) {
      const end = offset + item.bytes;
      bytes = Math.max(bytes, end);
      eachStretch(item, (node) => {
        always[node] = take(always[node] ?? [], offset, end);
        sometime[node] = take(sometime[node] ?? [], offset, end);
      });
      eachAround(item, (node) => {
        sometime[node] = take(sometime[node] ?? [], offset, end);
      });
    },
  };
}

/** Index of the first range that ends behind `offset`. */
function indexBehind(ranges: Ranges, offset: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[2 * middle + 1]! > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The lowest offset from `offset` on at which no range is met. */
function firstFit(ranges: Ranges, offset: number, bytes: number): number {
  for (let at = 2 * indexBehind(ranges, offset); at < ranges.length && ranges[at]! < offset + bytes; at += 2) {
    offset = ranges[at + 1]!;
  }
  return offset;
}

/** Adds a range, joined with those that it meets or touches. */
function take(ranges: Ranges, start: number, end: number): Ranges {
  const from = 2 * indexBehind(ranges, start - 1);
  let to = from;
  for (; to < ranges.length && ranges[to]! <= end; to += 2) {
    start = Math.min(start, ranges[to]!);
    end = Math.max(end, ranges[to + 1]!);
  }
  if (to - from === 2 && ranges[from] === start && ranges[from + 1] === end) return ranges;
  ranges.splice(from, to - from, start, end);
  return ranges;
}
