/** Copies of what a slot holds besides pages: windows and retention states as they were after a number of tokens. */

import { listStates, type ModelConfig, type ModelState } from '@yoco-u/model';
import type { Backend, DeviceBuffer, StateCapacity } from '@yoco-u/spec';
import { byteLength } from '@yoco-u/tensor';
import type { ModelMemory } from './memory.ts';

/** States that belong to a slot as a whole. */
export function slotStates(config: ModelConfig, capacity: StateCapacity): readonly ModelState[] {
  return listStates(config, capacity).filter(({ kind }) => kind !== 'append');
}

export function pageStates(config: ModelConfig, capacity: StateCapacity): readonly ModelState[] {
  return listStates(config, capacity).filter(({ kind }) => kind === 'append');
}

export function entryBytes(states: readonly ModelState[]): number {
  return states.reduce((sum, { entry }) => sum + byteLength(entry), 0);
}

export interface SnapshotStore extends Disposable {
  readonly count: number;
  readonly allocatedBytes: number;
  save(slot: number, index: number): void;
  load(index: number, slot: number): void;
}

/** Takes memory for `count` snapshots. Throws `CapacityError` when it does not fit; nothing is taken then. */
export function createSnapshotStore(
  backend: Backend,
  memory: ModelMemory,
  states: readonly ModelState[],
  count: number,
): SnapshotStore {
  const pairs: { readonly own: DeviceBuffer; readonly slots: DeviceBuffer }[] = [];
  const dispose = (): void => {
    for (const { own } of pairs) own[Symbol.dispose]();
  };
  try {
    if (count > 0) {
      for (const { name, entry } of states) {
        const own = backend.allocate({ ...entry, shape: [count, ...entry.shape] });
        pairs.push({ own, slots: memory.buffers[name]! });
      }
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    count,
    allocatedBytes: pairs.reduce((sum, { own }) => sum + own.byteLength, 0),
    save: (slot, index) => {
      for (const { own, slots } of pairs) backend.copy(slots, slot, own, index, 1);
    },
    load: (index, slot) => {
      for (const { own, slots } of pairs) backend.copy(own, index, slots, slot, 1);
    },
    [Symbol.dispose]: dispose,
  };
}
