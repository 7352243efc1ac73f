/** The one arena of a backend: as large as its largest executable needs, since runs never overlap. */
import type { Block, LinearMemory } from './memory.ts';

export interface Arena {
  readonly bytes: number;
  readonly address: number;
  /** Makes room for an executable's temporaries; the arena may move. */
  join(executable: symbol, bytes: number): void;
  leave(executable: symbol): void;
  /** Calls back whenever the arena moved. Returns the end of it. */
  onMove(listener: () => void): () => void;
}

export function createArena(memory: LinearMemory): Arena {
  const needs = new Map<symbol, number>();
  const listeners = new Set<() => void>();
  let block: Block | undefined;
  const resize = (): void => {
    const bytes = Math.max(0, ...needs.values());
    if (needs.size > 0 && (block?.bytes ?? -1) >= bytes) return;
    if (block !== undefined) memory.free(block);
    block = undefined;
    if (needs.size === 0) return;
    block = memory.allocate(bytes, 'arena');
    for (const listener of listeners) listener();
  };
  return {
    get bytes() {
      return block?.bytes ?? 0;
    },
    get address() {
      return block?.address ?? 0;
    },
    join(executable, bytes) {
      needs.set(executable, bytes);
      try {
        resize();
      } catch (error) {
        needs.delete(executable);
        resize();
        throw error;
      }
    },
    leave(executable) {
      if (needs.delete(executable) && needs.size === 0) resize();
    },
    onMove(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
