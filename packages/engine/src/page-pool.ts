/** Who holds which page of the growing caches: sequences while they run, and the prefix cache. A page nobody holds is free. */

export interface PagePool {
  readonly total: number;
  /** Pages that running sequences hold. */
  readonly inUse: number;
  /** A free page, held by one sequence; undefined when there is none. */
  take(): number | undefined;
  /** One more sequence holds the page. */
  hold(page: number): void;
  drop(page: number): void;
  /** The prefix cache holds the page, in one place more. */
  keep(page: number): void;
  forget(page: number): void;
}

export function createPagePool(total: number): PagePool {
  const sequences = new Uint32Array(total);
  const kept = new Uint32Array(total);
  // the lowest page is taken first
  const free = Array.from({ length: total }, (_, index) => total - 1 - index);
  let inUse = 0;
  const freeIfUnheld = (page: number): void => {
    if (sequences[page] === 0 && kept[page] === 0) free.push(page);
  };
  const hold = (page: number): void => {
    if (sequences[page]++ === 0) inUse++;
  };
  return {
    total,
    get inUse() {
      return inUse;
    },
    take() {
      const page = free.pop();
      if (page !== undefined) hold(page);
      return page;
    },
    hold,
    drop(page) {
      if (--sequences[page]! > 0) return;
      inUse--;
      freeIfUnheld(page);
    },
    keep(page) {
      kept[page]!++;
    },
    forget(page) {
      kept[page]!--;
      freeIfUnheld(page);
    },
  };
}
