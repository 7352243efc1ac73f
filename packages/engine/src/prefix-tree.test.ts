import { describe, expect, test } from 'vitest';
import { createPagePool } from './page-pool.ts';
import { createPrefixTree, type PrefixTree } from './prefix-tree.ts';

const pageLength = 4;

/** Seeded integers in [0, below). */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A tree on a pool of pages; `add` inserts a sequence with pages of its own, which end with it. */
function createSubject(pages = 1000) {
  const pool = createPagePool(pages);
  const dropped: number[] = [];
  const tree = createPrefixTree({
    pageLength,
    keep: pool.keep,
    forget: pool.forget,
    dropSnapshot: ({ index }) => dropped.push(index),
  });
  const add = (ids: readonly number[]) => {
    const own = Array.from({ length: Math.ceil(ids.length / pageLength) }, () => pool.take()!);
    const path = tree.insert(ids, ids.length, own);
    for (const page of own) pool.drop(page);
    return path;
  };
  /** Pages that can be taken, all of them at once. */
  const freePages = (): number => {
    const taken: number[] = [];
    for (let page = pool.take(); page !== undefined; page = pool.take()) taken.push(page);
    for (const page of taken) pool.drop(page);
    return taken.length;
  };
  return { pool, tree, dropped, add, freePages };
}

const matched = (tree: PrefixTree, ids: readonly number[], most = ids.length): number => tree.match(ids, most).tokens;

describe('createPrefixTree', () => {
  test('finds the longest common beginning with anything that was added', () => {
    const random = createRandom(1);
    const { tree, add } = createSubject();
    const added: number[][] = [];
    for (let turn = 0; turn < 300; turn++) {
      // often goes on from what is there
      const begun = added.length > 0 && random(3) > 0 ? added[random(added.length)]! : [];
      const kept = begun.slice(0, random(begun.length + 1));
      const ids = [...kept, ...Array.from({ length: 1 + random(9) }, () => random(3))];
      const common = (other: readonly number[]): number => {
        const differs = ids.findIndex((id, index) => other[index] !== id);
        return differs < 0 ? ids.length : differs;
      };
      const longest = Math.max(0, ...added.map(common));
      expect(matched(tree, ids)).toBe(longest);
      const { path } = tree.match(ids, ids.length);
      expect(path.flatMap(({ tokens }) => tokens).slice(0, longest)).toEqual(ids.slice(0, longest));
      expect(matched(tree, ids, ids.length - 1)).toBe(Math.min(longest, ids.length - 1));
      add(ids);
      added.push(ids);
      expect(matched(tree, ids)).toBe(ids.length);
    }
  });

  test('holds a page once a node, and gives all back when everything is evicted', () => {
    const random = createRandom(2);
    const { tree, add, freePages } = createSubject(60);
    for (let turn = 0; turn < 100; turn++) {
      while (freePages() < 3) expect(tree.evict()).toBe(true);
      add(Array.from({ length: 1 + random(12) }, () => random(2)));
      expect(freePages()).toBe(60 - tree.size);
    }
    while (tree.evict());
    expect([tree.size, freePages()]).toEqual([0, 60]);
  });

  test('evicts what was not used for longest, and nothing that others go on from', () => {
    const { tree, add } = createSubject();
    add([1, 1, 1, 1, 2, 2, 2, 2]);
    add([1, 1, 1, 1, 3, 3]);
    add([4]);
    tree.touch(tree.match([1, 1, 1, 1, 2, 2, 2, 2], 8).path);
    const left = (): number[] => [
      matched(tree, [4]),
      matched(tree, [1, 1, 1, 1, 3, 3]),
      matched(tree, [1, 1, 1, 1, 2, 2]),
    ];
    expect(left()).toEqual([1, 6, 6]);
    tree.evict();
    expect(left()).toEqual([1, 4, 6]);
    tree.evict();
    expect(left()).toEqual([0, 4, 6]);
    tree.evict();
    expect(left()).toEqual([0, 4, 4]);
    tree.evict();
    expect(left()).toEqual([0, 0, 0]);
    expect(tree.evict()).toBe(false);
  });

  test('finds the deepest snapshot on the way, also in a page that goes on differently', () => {
    const { tree, add, dropped } = createSubject();
    add([1, 1, 1, 1, 2, 2])[1]!.snapshots.push({ offset: 1, index: 7 }, { offset: 2, index: 8 });
    add([1, 1, 1, 1, 2, 3, 3])[0]!.snapshots.push({ offset: 3, index: 9 });
    const at = (ids: readonly number[], most = ids.length) => {
      const place = tree.snapshotBefore(ids, most);
      return place && [place.position, place.snapshot.index];
    };
    expect(at([1, 1, 1, 1, 2, 2, 5])).toEqual([6, 8]);
    expect(at([1, 1, 1, 1, 2, 2], 5)).toEqual([5, 7]);
    expect(at([1, 1, 1, 1, 2, 3, 3])).toEqual([5, 7]);
    expect(at([1, 1, 1, 1, 3])).toEqual([3, 9]);
    expect(at([1, 1, 2])).toBeUndefined();
    while (tree.evict());
    expect(dropped.toSorted()).toEqual([7, 8, 9]);
  });
});
