/**
 * The second pass of training (Sennrich et al. 2016, arXiv 1508.07909): merge the most frequent pair of symbols, again
 * and again. Pair counts are corrected where a merge changes them, so that a merge costs no more than its occurrences.
 */

import { byteCharacter } from '../byte-alphabet.ts';
import { createPairIndex } from './pair-index.ts';
import { createPairQueue } from './pair-queue.ts';
import { NO_NODE } from './position-lists.ts';
import type { SymbolCorpus } from './symbol-corpus.ts';
import type { WorkSlices } from './work-slices.ts';

export interface LearnOptions {
  /** Tokens to end with, the 256 bytes included. */
  readonly size: number;
  /** Pairs that occur less often do not merge. */
  readonly minFrequency: number;
  /** Tokens, in the byte alphabet, that must not come out of a merge. */
  readonly reserved: ReadonlySet<string>;
  readonly slices: WorkSlices;
  /** Number of tokens so far. */
  readonly onProgress: (done: number) => void;
}

export interface LearnedMerges {
  /** Tokens in the byte alphabet by id: the bytes first, then in the order of merging. */
  readonly tokens: readonly string[];
  /** Pairs of ids, the first to merge first. Two pairs may give the same token. */
  readonly merges: readonly (readonly [number, number])[];
}

/** Steps between two looks at the clock. */
const STEPS_AT_ONCE = 4096;

/** Merges the corpus in place. */
export async function learnMerges(corpus: SymbolCorpus, options: LearnOptions): Promise<LearnedMerges> {
  const { size, minFrequency, reserved, slices, onProgress } = options;
  const tokens = Array.from({ length: 256 }, (_, byte) => byteCharacter(byte));
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const lengths = new Int32Array(size).fill(1, 0, 256);
  const merges: [number, number][] = [];
  const listed = new Set<number>();
  const { pairs, places, raised, addAt, mergeAt } = createPairIndex(corpus, lengths);
  const queue = createPairQueue(pairs);
  let steps = 0;
  const isPauseDue = () => ++steps % STEPS_AT_ONCE === 0 && slices.due();

  async function pause(): Promise<void> {
    onProgress(tokens.length);
    await slices.next();
  }

  function enqueueRaised(): void {
    for (const pair of raised) {
      const count = pairs.count(pair);
      if (count >= minFrequency) queue.push(pair, count);
    }
    raised.clear();
  }

  /** The id of a token, a new one unless another merge gave the token before. */
  function idOf(token: string): number {
    const known = ids.get(token);
    if (known !== undefined) return known;
    const id = tokens.length;
    ids.set(token, id);
    lengths[id] = token.length;
    tokens.push(token);
    return id;
  }

  for (let start = 0; start < corpus.symbols.length; start++) {
    addAt(start);
    if (isPauseDue()) await pause();
  }
  enqueueRaised();

  while (tokens.length < size && queue.pop()) {
    if (isPauseDue()) await pause();
    const pair = queue.pair();
    const count = pairs.count(pair);
    if (count !== queue.count()) {
      if (count >= minFrequency) queue.push(pair, count);
      continue;
    }
    const [left, right] = [pairs.left(pair), pairs.right(pair)];
    const token = tokens[left] + tokens[right];
    if (reserved.has(token)) continue;
    const result = idOf(token);
    // A pair that came back, through a token that has two merges, is in the list already.
    if (!listed.has(pair)) merges.push([left, right]);
    listed.add(pair);
    for (let node = places.first(pair); node !== NO_NODE; node = places.next(node)) {
      mergeAt(places.position(node), left, right, result);
      if (isPauseDue()) await pause();
    }
    places.release(pair);
    pairs.setCount(pair, 0);
    enqueueRaised();
  }
  onProgress(tokens.length);
  return { tokens, merges };
}
