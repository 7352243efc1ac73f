/**
 * The memory planner: gives every temporary of a program a place in one arena, so that no two that live at the same time
 * overlap.
 */
import type { Program } from '@yoco-u/spec';
import { type ArenaPage, createArenaPage, type Lifetime } from './arena-page.ts';
import { byteLength } from './shape.ts';

/** Alignment of every temporary in bytes: a cache line, and what SIMD loads like best. */
export const arenaAlignment = 64;

export interface ArenaOptions {
  /** Every place begins at, and spans, a multiple of so many bytes. Default `arenaAlignment`. */
  readonly alignment?: number;
  /**
   * Divides the arena into pages, so that no page holds both what a call reads and what it writes: outputs and scratch of a
   * call, as against its inputs. Default: one page.
   */
  readonly separate?: boolean;
  /** Larger pages are divided, where several temporaries share them. Default: no limit. */
  readonly mostPageBytes?: number;
  /** Bytes of areas that a call uses while it runs, by the call's index: what a call writes. */
  readonly scratch?: readonly (readonly number[])[];
}

/** Where something lies. */
export interface ArenaPlace {
  readonly page: number;
  /** Bytes from the start of the page. */
  readonly offset: number;
}

export interface ArenaPlan {
  /** Offset in bytes in its page of every tensor of the program; -1 for those that do not live in the arena. */
  readonly offsets: readonly number[];
  /** Page of every tensor of the program; -1 for those that do not live in the arena. */
  readonly pages: readonly number[];
  /** Places of the areas in `ArenaOptions.scratch`. */
  readonly scratch: readonly (readonly ArenaPlace[])[];
  readonly pageBytes: readonly number[];
  /** Of all pages. */
  readonly bytes: number;
  /** Index of the last call that reads or writes each tensor; -1 where none does. */
  readonly lastUse: readonly number[];
}

/** A temporary or an area of scratch memory, to be placed. */
interface Item extends Lifetime {
  /** Items that may not share its page. */
  readonly apart: Set<Item>;
}

/** Places large items first, each where its page grows least, at the lowest offset free during its whole life. */
export function planArena(program: Program, options: ArenaOptions = {}): ArenaPlan {
  const { alignment = arenaAlignment, mostPageBytes = Number.POSITIVE_INFINITY } = options;
  const { tensors, calls } = program;
  const firstUse = new Array<number>(tensors.length).fill(-1);
  const lastUse = new Array<number>(tensors.length).fill(-1);
  calls.forEach((call, index) => {
    for (const id of [...call.inputs, ...call.outputs]) {
      if (firstUse[id]! < 0) firstUse[id] = index;
      lastUse[id] = index;
    }
  });
  const itemOf = (bytes: number, first: number, last: number): Item => ({
    bytes: Math.ceil(bytes / alignment) * alignment,
    first,
    last,
    apart: new Set(),
  });
  const temporaries = tensors.map(({ role, type }, id) =>
    role === 'temporary' && firstUse[id]! >= 0 ? itemOf(byteLength(type), firstUse[id]!, lastUse[id]!) : undefined,
  );
  const areas = calls.map((_, index) => (options.scratch?.[index] ?? []).map((bytes) => itemOf(bytes, index, index)));
  if (options.separate === true) {
    calls.forEach(({ inputs, outputs }, index) => {
      const read = inputs.flatMap((id) => temporaries[id] ?? []);
      const written = [...outputs.flatMap((id) => temporaries[id] ?? []), ...areas[index]!];
      for (const one of read) {
        for (const other of written) {
          one.apart.add(other);
          other.apart.add(one);
        }
      }
    });
  }
  const pages: ArenaPage[] = [];
  const places = new Map<Item, ArenaPlace>();
  // a sort that keeps the order of equals, so that a plan depends on nothing but the program
  const order = [...temporaries.flatMap((item) => item ?? []), ...areas.flat()].sort((a, b) => b.bytes - a.bytes);
  for (const item of order) places.set(item, place(pages, places, item, mostPageBytes, calls.length));
  const placeOf = (item: Item | undefined): ArenaPlace =>
    item === undefined ? { page: -1, offset: -1 } : places.get(item)!;
  return {
    offsets: temporaries.map((item) => placeOf(item).offset),
    pages: temporaries.map((item) => placeOf(item).page),
    scratch: areas.map((list) => list.map(placeOf)),
    pageBytes: pages.map(({ bytes }) => bytes),
    bytes: pages.reduce((sum, { bytes }) => sum + bytes, 0),
    lastUse,
  };
}

function place(
  pages: ArenaPage[],
  places: ReadonlyMap<Item, ArenaPlace>,
  item: Item,
  mostPageBytes: number,
  calls: number,
): ArenaPlace {
  const forbidden = new Set(Array.from(item.apart, (other) => places.get(other)?.page));
  let best: { readonly index: number; readonly offset: number; readonly growth: number } | undefined;
  pages.forEach((page, index) => {
    if (forbidden.has(index)) return;
    const offset = page.lowestOffset(item);
    const end = offset + item.bytes;
    const growth = Math.max(0, end - page.bytes);
    if (growth > 0 && end > mostPageBytes) return;
    if (best === undefined || growth < best.growth) best = { index, offset, growth };
  });
  const { index, offset } = best ?? { index: pages.push(createArenaPage(calls)) - 1, offset: 0 };
  pages[index]!.add(item, offset);
  return { page: index, offset };
}
