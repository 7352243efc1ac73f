/** How a prefix cache spends its bytes, known before any are taken. */
import type { ModelConfig } from '@yoco-u/model';
import { RequestError, type StateCapacity } from '@yoco-u/spec';
import { entryBytes, pageStates, slotStates } from './snapshots.ts';

export interface CachePlan {
  /** Pages besides those of the slots. */
  readonly pages: number;
  readonly snapshots: number;
  /** Tokens from one snapshot to the next, at least: W, or a page. */
  readonly distance: number;
}

/**
 * With windows or retention states, a snapshot comes with the pages of the tokens up to the next one; without, all bytes go
 * into pages. Throws `RequestError` for bytes that hold not even one.
 */
export function planCache(config: ModelConfig, capacity: StateCapacity, bytes: number): CachePlan {
  const distance = snapshotDistance(config, capacity);
  if (bytes === 0) return { pages: 0, snapshots: 0, distance };
  const pageBytes = entryBytes(pageStates(config, capacity));
  const snapshotBytes = entryBytes(slotStates(config, capacity));
  const pagesEach = Math.ceil(distance / capacity.pageLength);
  const unit = snapshotBytes === 0 ? pageBytes : snapshotBytes + pagesEach * pageBytes;
  if (!(Number.isFinite(bytes) && bytes >= unit)) {
    throw new RequestError({
      where: 'engine: prefixCacheBytes',
      expected: `0, or at least ${unit} bytes, which the smallest part of a cache takes`,
      got: `${bytes}`,
    });
  }
  if (unit === 0) return { pages: 0, snapshots: 0, distance };
  const snapshots = snapshotBytes === 0 ? 0 : Math.floor(bytes / unit);
  const pages = pageBytes === 0 ? snapshots * pagesEach : Math.floor((bytes - snapshots * snapshotBytes) / pageBytes);
  return { pages, snapshots, distance };
}

/** From how many tokens on windows are full: a snapshot at less distance costs more than it saves. At least a page. */
function snapshotDistance(config: ModelConfig, capacity: StateCapacity): number {
  const states = slotStates(config, capacity);
  const bytes = (tokens: number): number => states.reduce((sum, state) => sum + state.bytesInUse(tokens), 0);
  const full = bytes(capacity.contextLength);
  let least = capacity.pageLength;
  let most = Math.max(least, capacity.contextLength);
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (bytes(middle) < full) least = middle + 1;
    else most = middle;
  }
  return least;
}
