/**
 * Keeps the caches of sequences that have ended, and of prompts, so that a later sequence with the same beginning need not
 * compute them again. Pages are shared; windows and retention states, which go on changing, are copied at few places.
 */
import type { ModelConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import type { CachePlan } from './cache-plan.ts';
import type { ModelMemory } from './memory.ts';
import { createPagePool, type PagePool } from './page-pool.ts';
import { createPrefixTree, type NodeSnapshot, type PrefixNode } from './prefix-tree.ts';
import { createSlotPages, type SlotPages } from './slot-pages.ts';
import { createSnapshotStore, pageStates, slotStates } from './snapshots.ts';

export interface Restored {
  /** Tokens that the slot now holds. */
  readonly tokens: number;
  /** Positions, ascending, at which feeding should stop for `store`: nothing can be taken from a state that has gone on. */
  readonly stops: readonly number[];
}

export interface PrefixCache extends Disposable {
  readonly pool: PagePool;
  readonly pages: SlotPages;
  readonly allocatedBytes: number;
  /** Tree nodes: pages kept for later. */
  readonly keptPages: number;
  /** Fills an empty slot with what is kept of a prompt, all but its last token at most. */
  restore(slot: number, ids: readonly number[]): Restored;
  /**
   * Keeps what the slot holds of `ids[0 .. length)`: its state must be that after exactly so many tokens. By default only far
   * enough from the snapshot before, where snapshots are needed.
   */
  store(slot: number, ids: readonly number[], length: number, snapshot?: 'where far' | 'always'): void;
  /** False when nothing is ever kept. */
  readonly keeps: boolean;
}

interface KeptSnapshot {
  readonly node: PrefixNode;
  readonly snapshot: NodeSnapshot;
}

/** Throws `CapacityError` when the snapshots do not fit. With a plan of nothing, nothing is ever kept. */
export function createPrefixCache(
  backend: Backend,
  config: ModelConfig,
  memory: ModelMemory,
  plan: CachePlan,
): PrefixCache {
  const { pageLength, pages: pageCount } = memory.shape;
  const keeps = plan.pages + plan.snapshots > 0;
  const growing = pageStates(config, memory.shape).map(({ name }) => memory.buffers[name]!);
  const needsSnapshots = slotStates(config, memory.shape).length > 0;
  const pool = createPagePool(pageCount);
  const store = createSnapshotStore(backend, memory, slotStates(config, memory.shape), plan.snapshots);
  const freeSnapshots = Array.from({ length: plan.snapshots }, (_, index) => index);
  // by place in the store, the one not used for longest first
  const kept = new Map<number, KeptSnapshot>();
  const tree = createPrefixTree({
    pageLength,
    keep: pool.keep,
    forget: pool.forget,
    dropSnapshot: ({ index }) => {
      kept.delete(index);
      freeSnapshots.push(index);
    },
  });
  const takePage = (): number => {
    for (;;) {
      const page = pool.take();
      if (page !== undefined) return page;
      if (!tree.evict()) throw new RangeError('prefix cache: sequences hold more pages than their slots have');
    }
  };
  const pages = createSlotPages(backend, memory, pool, takePage);

  const useSnapshot = (entry: KeptSnapshot): void => {
    kept.delete(entry.snapshot.index);
    kept.set(entry.snapshot.index, entry);
  };
  const takeSnapshot = (): number => {
    const free = freeSnapshots.pop();
    if (free !== undefined) return free;
    const [index, { node, snapshot }] = kept.entries().next().value!;
    kept.delete(index);
    node.snapshots.splice(node.snapshots.indexOf(snapshot), 1);
    return index;
  };

  /** Shares the full pages of a way, and copies the page that the slot will go on writing. */
  const sharePages = (slot: number, path: readonly PrefixNode[], tokens: number): void => {
    const full = Math.floor(tokens / pageLength);
    for (let index = 0; index < full; index++) pages.share(slot, path[index]!.page);
    if (tokens % pageLength === 0) return;
    // held while a page is taken: taking one may evict
    const from = path[full]!.page;
    pool.hold(from);
    pages.map(slot, tokens);
    const to = pages.of(slot)[full]!;
    for (const buffer of growing) backend.copy(buffer, from, buffer, to, 1);
    pool.drop(from);
  };

  return {
    pool,
    pages,
    allocatedBytes: store.allocatedBytes,
    get keptPages() {
      return tree.size;
    },
    restore(slot, ids) {
      if (!keeps) return { tokens: 0, stops: [] };
      const most = ids.length - 1;
      const match = tree.match(ids, most);
      if (!needsSnapshots) {
        tree.touch(match.path);
        sharePages(slot, match.path, match.tokens);
        return { tokens: match.tokens, stops: [] };
      }
      const place = tree.snapshotBefore(ids, most);
      const tokens = place?.position ?? 0;
      tree.touch(match.path);
      if (place !== undefined) {
        tree.touch(place.path);
        useSnapshot({ node: place.path.at(-1)!, snapshot: place.snapshot });
        sharePages(slot, place.path, tokens);
        store.load(place.snapshot.index, slot);
      }
      // where others went on in another way, and before the last token, which is fed again for its logits
      const stops: number[] = [];
      for (const stop of [match.tokens, most]) {
        if (stop - (stops.at(-1) ?? tokens) >= plan.distance) stops.push(stop);
      }
      return { tokens, stops };
    },
    keeps,
    store(slot, ids, length, snapshots = 'where far') {
      if (!keeps || length === 0) return;
      if (!needsSnapshots) {
        tree.insert(ids, length, pages.of(slot));
        return;
      }
      const last = tree.snapshotBefore(ids, length)?.position ?? 0;
      if (last === length || (snapshots === 'where far' && length - last < plan.distance)) return;
      const node = tree.insert(ids, length, pages.of(slot)).at(-1)!;
      const snapshot = { offset: ((length - 1) % pageLength) + 1, index: takeSnapshot() };
      store.save(slot, snapshot.index);
      const after = node.snapshots.findIndex(({ offset }) => offset > snapshot.offset);
      node.snapshots.splice(after < 0 ? node.snapshots.length : after, 0, snapshot);
      useSnapshot({ node, snapshot });
    },
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}
