/**
 * Token sequences whose caches are kept, as a tree of pages: each node holds up to a page of tokens after those of its
 * parents. Only full pages have children, and no node's tokens begin those of a sibling.
 */

export interface PrefixNode {
  /** Tokens of this page, in the order of positions. */
  tokens: readonly number[];
  page: number;
  readonly parent: PrefixNode | undefined;
  readonly children: PrefixNode[];
  /** Kept windows and retention states as they were after so many tokens of this page, ascending. */
  readonly snapshots: NodeSnapshot[];
}

export interface NodeSnapshot {
  /** Tokens of the node's page, 1 to its length. */
  readonly offset: number;
  /** Place in the store of snapshots. */
  readonly index: number;
}

/** What of a sequence is in the tree. */
export interface PrefixMatch {
  /** Tokens in common. */
  readonly tokens: number;
  /** The nodes that hold them, from the root on. */
  readonly path: readonly PrefixNode[];
}

/** A place in the tree. */
export interface PrefixPlace {
  /** How many tokens lead to it. */
  readonly position: number;
  readonly path: readonly PrefixNode[];
  readonly snapshot: NodeSnapshot;
}

export interface PrefixTree {
  readonly size: number;
  /** The longest beginning of `ids[0 .. most)` that the tree has. */
  match(ids: readonly number[], most: number): PrefixMatch;
  /** The deepest snapshot on the way of `ids[0 .. most)`. */
  snapshotBefore(ids: readonly number[], most: number): PrefixPlace | undefined;
  /** Adds `ids[0 .. length)` with the pages that hold it. Gives the way there: one node a page. */
  insert(ids: readonly number[], length: number, pages: readonly number[]): readonly PrefixNode[];
  /** The nodes of a way were used: they are evicted last. */
  touch(path: readonly PrefixNode[]): void;
  /** Removes the leaf that was not used for longest. False when the tree is empty. */
  evict(): boolean;
}

export interface PrefixTreeOptions {
  /** Tokens a page. */
  readonly pageLength: number;
  /** A node now holds the page. */
  readonly keep: (page: number) => void;
  readonly forget: (page: number) => void;
  /** The snapshot's node was removed. */
  readonly dropSnapshot: (snapshot: NodeSnapshot) => void;
}

export function createPrefixTree({ pageLength, keep, forget, dropSnapshot }: PrefixTreeOptions): PrefixTree {
  const roots: PrefixNode[] = [];
  // parents are always used after their children: the first is a leaf
  const byUse = new Set<PrefixNode>();

  const touch = (path: readonly PrefixNode[]): void => {
    for (let index = path.length - 1; index >= 0; index--) {
      byUse.delete(path[index]!);
      byUse.add(path[index]!);
    }
  };

  /** Nodes that share tokens with `ids[0 .. most)`, level by level: the full ones are on the way, the others beside its end. */
  function* nodesOnTheWay(ids: readonly number[], most: number) {
    let level = roots;
    for (let depth = 0; depth < most; depth += pageLength) {
      let full: PrefixNode | undefined;
      for (const node of level) {
        const common = commonTokens(node.tokens, ids, depth, most);
        if (common === 0) continue;
        yield { node, depth, common };
        if (common === pageLength) full = node;
      }
      if (full === undefined) return;
      level = full.children;
    }
  }

  return {
    get size() {
      return byUse.size;
    },
    touch,
    match(ids, most) {
      let tokens = 0;
      let last: PrefixNode | undefined;
      for (const { node, depth, common } of nodesOnTheWay(ids, most)) {
        if (depth + common <= tokens) continue;
        tokens = depth + common;
        last = node;
      }
      return { tokens, path: pathTo(last) };
    },
    snapshotBefore(ids, most) {
      let position = 0;
      let found: { readonly node: PrefixNode; readonly snapshot: NodeSnapshot } | undefined;
      for (const { node, depth, common } of nodesOnTheWay(ids, most)) {
        const snapshot = node.snapshots.findLast(({ offset }) => offset <= common);
        if (snapshot === undefined || depth + snapshot.offset <= position) continue;
        position = depth + snapshot.offset;
        found = { node, snapshot };
      }
      return found && { position, path: pathTo(found.node), snapshot: found.snapshot };
    },
    insert(ids, length, pages) {
      const path: PrefixNode[] = [];
      let level = roots;
      for (let depth = 0; depth < length; depth += pageLength) {
        const tokens = ids.slice(depth, Math.min(depth + pageLength, length));
        const page = pages[depth / pageLength]!;
        const begins = (node: PrefixNode): boolean =>
          commonTokens(node.tokens, tokens, 0, tokens.length) === Math.min(node.tokens.length, tokens.length);
        let node = level.find(begins);
        if (node === undefined) {
          node = { tokens, page, parent: path.at(-1), children: [], snapshots: [] };
          keep(page);
          level.push(node);
        } else if (node.tokens.length < tokens.length) {
          // a page that was not full yet is now known further
          keep(page);
          forget(node.page);
          node.page = page;
          node.tokens = tokens;
        }
        path.push(node);
        level = node.children;
      }
      touch(path);
      return path;
    },
    evict() {
      const [leaf] = byUse;
      if (leaf === undefined) return false;
      byUse.delete(leaf);
      const level = leaf.parent?.children ?? roots;
      level.splice(level.indexOf(leaf), 1);
      forget(leaf.page);
      for (const snapshot of leaf.snapshots.splice(0)) dropSnapshot(snapshot);
      return true;
    },
  };
}

/** How many of `tokens` agree with `ids[from .. most)`. */
function commonTokens(tokens: readonly number[], ids: readonly number[], from: number, most: number): number {
  const length = Math.min(tokens.length, most - from);
  let common = 0;
  while (common < length && tokens[common] === ids[from + common]) common++;
  return common;
}

function pathTo(node: PrefixNode | undefined): readonly PrefixNode[] {
  const path: PrefixNode[] = [];
  for (let at = node; at !== undefined; at = at.parent) path.push(at);
  return path.reverse();
}
