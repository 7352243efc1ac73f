/** A page of the arena, with what lies in it found by when it lives: programs of thousands of calls are planned in time. */

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

interface Placed {
  readonly offset: number;
  readonly item: Lifetime;
}

/** Calls of a stretch of time. */
const stretch = 32;
/** What lives in more stretches is kept apart: activations of training would fill them all. */
const mostStretches = 8;

const stretchOf = (call: number): number => Math.floor(call / stretch);

export function createArenaPage(): ArenaPage {
  let bytes = 0;
  const shortLived = new Map<number, Placed[]>();
  /** In order of offset. */
  const longLived: Placed[] = [];

  /** Short-lived items alive at some time of the item's life, in order of offset. */
  const shortLivedDuring = ({ first, last }: Lifetime): Placed[] => {
    const found: Placed[] = [];
    const collect = (at: number, list: readonly Placed[]): void => {
      for (const placed of list) {
        // each counts where its life and the item's first meet
        const meets = at === stretchOf(Math.max(first, placed.item.first));
        if (meets && placed.item.first <= last && placed.item.last >= first) found.push(placed);
      }
    };
    const [from, to] = [stretchOf(first), stretchOf(last)];
    if (to - from >= shortLived.size) for (const [at, list] of shortLived) collect(at, list);
    else for (let at = from; at <= to; at++) collect(at, shortLived.get(at) ?? []);
    return found.sort((a, b) => a.offset - b.offset);
  };

  return {
    get bytes() {
      return bytes;
    },
    // in order of offset, so the first gap that is wide enough is the lowest
    lowestOffset(item) {
      const near = shortLivedDuring(item);
      let offset = 0;
      let long = 0;
      for (let short = 0; short < near.length || long < longLived.length; ) {
        const takesShort =
          long === longLived.length || (near[short]?.offset ?? Number.POSITIVE_INFINITY) < longLived[long]!.offset;
        const other = takesShort ? near[short++]! : longLived[long++]!;
        if (other.item.last < item.first || other.item.first > item.last) continue;
        if (other.offset - offset >= item.bytes) break;
        offset = Math.max(offset, other.offset + other.item.bytes);
      }
      return offset;
    },
    add(item, offset) {
      bytes = Math.max(bytes, offset + item.bytes);
      const placed = { offset, item };
      const [from, to] = [stretchOf(item.first), stretchOf(item.last)];
      if (to - from >= mostStretches) {
        const position = longLived.findIndex((other) => other.offset > offset);
        longLived.splice(position < 0 ? longLived.length : position, 0, placed);
        return;
      }
      for (let at = from; at <= to; at++) {
        const list = shortLived.get(at);
        if (list === undefined) shortLived.set(at, [placed]);
        else list.push(placed);
      }
    },
  };
}
