/** Best-first selection among candidates without sorting the vocabulary. All orders are total: logit down, then id up. */
import type { Candidates } from '@yoco-u/spec';
import { exponential } from './exponential.ts';

/** +1 keeps the best candidate at the root of a heap, -1 the worst. */
type RootOrder = 1 | -1;

/** The index of the best candidate; the lowest id among equal logits. */
export function indexOfBest(candidates: Candidates): number {
  const { ids, logits, size } = candidates;
  let best = 0;
  for (let i = 1; i < size; i++) {
    if (logits[i] > logits[best] || (logits[i] === logits[best] && ids[i] < ids[best])) best = i;
  }
  return best;
}

/** The greatest logit among the candidates. */
export function greatestLogit(candidates: Candidates): number {
  const { logits, size } = candidates;
  if (candidates.sorted) return logits[0];
  let greatest = logits[0];
  for (let i = 1; i < size; i++) if (logits[i] > greatest) greatest = logits[i];
  return greatest;
}

/** Keeps the `count` best candidates, sorted: O(V + k log k log V) on logits in random order, never more than O(V log k). */
export function keepBest(candidates: Candidates, count: number): void {
  const { ids, logits, size } = candidates;
  const kept = Math.min(count, size);
  if (!candidates.sorted) {
    for (let root = (kept >> 1) - 1; root >= 0; root--) siftDown(ids, logits, root, kept, -1);
    for (let i = kept; i < size; i++) {
      if (logits[i] > logits[0] || (logits[i] === logits[0] && ids[i] < ids[0])) {
        ids[0] = ids[i];
        logits[0] = logits[i];
        siftDown(ids, logits, 0, kept, -1);
      }
    }
    for (let end = kept - 1; end > 0; end--) {
      swap(ids, logits, 0, end);
      siftDown(ids, logits, 0, end, -1);
    }
    candidates.sorted = true;
  }
  candidates.size = kept;
}

/**
 * Keeps the fewest best candidates, sorted, whose probability reaches `mass` (from 0 up to but not including 1), at least one.
 * O(V + n log n) where n candidates are probable enough to matter.
 */
export function keepMass(candidates: Candidates, mass: number): void {
  const { ids, logits } = candidates;
  const greatest = greatestLogit(candidates);
  let total = 0;
  for (let i = 0; i < candidates.size; i++) total += exponential(logits[i] - greatest);
  const needed = mass * total;
  let reached = 0;
  let kept = 0;
  if (candidates.sorted) {
    do reached += exponential(logits[kept++] - greatest);
    while (reached < needed && kept < candidates.size);
    candidates.size = kept;
    return;
  }
  // Candidates below the V-th part of the mass that may be lost cannot be needed, not even all together. The margin keeps the
  // last bits of the logarithm, which engines round differently, out of the result.
  const margin = 0.001;
  keepAtLeast(candidates, greatest + Math.log(((1 - mass) * total) / candidates.size) - margin);
  const size = candidates.size;
  for (let root = (size >> 1) - 1; root >= 0; root--) siftDown(ids, logits, root, size, 1);
  do {
    const end = size - 1 - kept++;
    reached += exponential(logits[0] - greatest);
    swap(ids, logits, 0, end);
    siftDown(ids, logits, 0, end, 1);
  } while (reached < needed && kept < size);
  // The kept ones lie at the end, worst first: mirror them to the front.
  for (let i = 0; i < Math.min(kept, size >> 1); i++) swap(ids, logits, i, size - 1 - i);
  candidates.size = kept;
  candidates.sorted = true;
}

/** Drops candidates below a logit; the others keep their order. Always keeps the best. */
function keepAtLeast(candidates: Candidates, least: number): void {
  const { ids, logits, size } = candidates;
  let kept = 0;
  for (let i = 0; i < size; i++) {
    if (logits[i] < least) continue;
    ids[kept] = ids[i];
    logits[kept] = logits[i];
    kept++;
  }
  candidates.size = kept;
}

function siftDown(ids: Int32Array, logits: Float32Array, start: number, end: number, order: RootOrder): void {
  const id = ids[start];
  const logit = logits[start];
  let hole = start;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= end) break;
    const right = child + 1;
    if (right < end && isAbove(logits[right], ids[right], logits[child], ids[child], order)) child = right;
    if (!isAbove(logits[child], ids[child], logit, id, order)) break;
    ids[hole] = ids[child];
    logits[hole] = logits[child];
    hole = child;
  }
  ids[hole] = id;
  logits[hole] = logit;
}

function isAbove(logitA: number, idA: number, logitB: number, idB: number, order: RootOrder): boolean {
  if (logitA === logitB) return order === 1 ? idA < idB : idA > idB;
  return order === 1 ? logitA > logitB : logitA < logitB;
}

function swap(ids: Int32Array, logits: Float32Array, a: number, b: number): void {
  const id = ids[a];
  const logit = logits[a];
  ids[a] = ids[b];
  logits[a] = logits[b];
  ids[b] = id;
  logits[b] = logit;
}
