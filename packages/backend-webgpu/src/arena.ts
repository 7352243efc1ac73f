/** The arena of a backend in pages: each as large as the largest that an executable needs, since runs never overlap. */
import { type DeviceMemory, usage } from './device-memory.ts';

export interface Arena {
  readonly bytes: number;
  /** Changes whenever pages do, and bindings to them must be made again. */
  readonly version: number;
  page(index: number): GPUBuffer;
  /** Makes room for an executable's pages. Throws `CapacityError`, and leaves all as it was, when one is too large. */
  join(executable: symbol, pageBytes: readonly number[]): void;
  leave(executable: symbol): void;
  /** Makes all pages anew, for those who are still here: one may be no memory at all, as is known some time after `join`. */
  renew(): void;
}

export function createArena(memory: DeviceMemory): Arena {
  const needs = new Map<symbol, readonly number[]>();
  const pages: GPUBuffer[] = [];
  let version = 0;
  return {
    get bytes() {
      return pages.reduce((sum, { size }) => sum + size, 0);
    },
    get version() {
      return version;
    },
    page: (index) => pages[index]!,
    join(executable, pageBytes) {
      const grown: GPUBuffer[] = [];
      try {
        for (const [index, bytes] of pageBytes.entries()) {
          const known = pages[index];
          grown.push(known !== undefined && known.size >= bytes ? known : memory.create('arena', bytes, usage.storage));
        }
      } catch (error) {
        for (const page of grown) if (!pages.includes(page)) memory.destroy(page);
        throw error;
      }
      for (const [index, page] of grown.entries()) {
        const known = pages[index];
        if (known === page) continue;
        if (known !== undefined) memory.destroy(known);
        pages[index] = page;
        version += 1;
      }
      needs.set(executable, pageBytes);
    },
    renew() {
      const needed = [...needs.values()];
      for (const page of pages.splice(0)) memory.destroy(page);
      const count = Math.max(0, ...needed.map(({ length }) => length));
      for (let index = 0; index < count; index++) {
        const bytes = Math.max(...needed.map((pageBytes) => pageBytes[index] ?? 0));
        pages.push(memory.create('arena', bytes, usage.storage));
      }
      version += 1;
    },
    leave(executable) {
      if (!needs.delete(executable) || needs.size > 0) return;
      for (const page of pages) memory.destroy(page);
      pages.length = 0;
      version += 1;
    },
  };
}
