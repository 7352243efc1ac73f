/** Which pages hold the growing caches of the sequence in a slot: the host's side of the page table. */
import { names, pagesPerSequence } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import type { ModelMemory } from './memory.ts';
import type { PagePool } from './page-pool.ts';

export interface SlotPages {
  /** Gives the slot pages for positions below `tokens`, where it has none yet. */
  map(slot: number, tokens: number): void;
  /** Appends a page that others hold too. It must not be written to. */
  share(slot: number, page: number): void;
  /** The slot's pages, in the order of positions. */
  of(slot: number): readonly number[];
  /** Gives all pages of the slot back. */
  clear(slot: number): void;
}

/** `take` gives a free page. There is always one: a sequence holds no more pages than its slot's share of the pool. */
export function createSlotPages(backend: Backend, memory: ModelMemory, pool: PagePool, take: () => number): SlotPages {
  const { slots, pageLength } = memory.shape;
  const each = pagesPerSequence(memory.shape);
  const table = memory.buffers[names.pageTable]!;
  const pages = Array.from({ length: slots }, (): number[] => []);
  const append = (slot: number, page: number): void => {
    const own = pages[slot]!;
    backend.write(table, Int32Array.of(page), slot * each + own.length);
    own.push(page);
  };
  return {
    map(slot, tokens) {
      while (pages[slot]!.length * pageLength < tokens) append(slot, take());
    },
    share(slot, page) {
      pool.hold(page);
      append(slot, page);
    },
    of: (slot) => pages[slot]!,
    clear(slot) {
      for (const page of pages[slot]!) pool.drop(page);
      pages[slot] = [];
    },
  };
}
