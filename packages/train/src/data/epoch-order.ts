/** One epoch: all parts of a dataset in a seeded order, each with what surrounds it. */

import type { Dataset } from './dataset.ts';
import { createRandom, randomOrder } from './random.ts';

export interface EpochOrder {
  readonly epoch: number;
  /** The part at a position of the epoch, and the position where it begins (its BOS, if there is one). */
  at(position: number): { readonly part: number; readonly start: number };
}

/** Depends on the dataset, the seed and the epoch alone. `surrounding` ids are added to every part. */
export function createEpochOrder(dataset: Dataset, seed: number, epoch: number, surrounding: number): EpochOrder {
  // The stream of epoch 0 differs from the one that splits a corpus by the same seed.
  const order = randomOrder(dataset.count, createRandom(seed, epoch + 1));
  const begins = new Float64Array(dataset.count);
  let position = 0;
  for (const [place, part] of order.entries()) {
    begins[place] = position;
    position += dataset.ends[part] - dataset.starts[part] + surrounding;
  }
  return {
    epoch,
    at(wanted) {
      let first = 0;
      let last = begins.length - 1;
      while (first < last) {
        const middle = (first + last + 1) >>> 1;
        if (begins[middle] <= wanted) first = middle;
        else last = middle - 1;
      }
      return { part: order[first], start: begins[first] };
    },
  };
}
