/** The merges of a tokenizer.json, as "a b" strings or as pairs, to ids. */

import { describe, reject } from './json-reader.ts';
import type { MergeList } from './merge-table.ts';

/** @throws TokenizerError for a merge whose parts or result are no tokens */
export function readMerges(values: readonly unknown[], ids: ReadonlyMap<string, number>): MergeList {
  const left = new Int32Array(values.length);
  const right = new Int32Array(values.length);
  const result = new Int32Array(values.length);

  for (let rank = 0; rank < values.length; rank++) {
    const [first, second] = readPair(values[rank], rank);
    left[rank] = idOf(first, rank);
    right[rank] = idOf(second, rank);
    result[rank] = idOf(first + second, rank);
  }

  function idOf(token: string, rank: number): number {
    return ids.get(token) ?? reject(`model.merges[${rank}]`, 'parts and a result out of model.vocab', describe(token));
  }

  return { left, right, result };
}

function readPair(value: unknown, rank: number): readonly [string, string] {
  if (typeof value === 'string') {
    const space = value.indexOf(' ');
    if (space >= 0 && value.indexOf(' ', space + 1) < 0) return [value.slice(0, space), value.slice(space + 1)];
  } else if (Array.isArray(value) && value.length === 2) {
    const [first, second] = value as readonly unknown[];
    if (typeof first === 'string' && typeof second === 'string') return [first, second];
  }
  return reject(`model.merges[${rank}]`, '"a b" or ["a", "b"]', describe(value));
}
