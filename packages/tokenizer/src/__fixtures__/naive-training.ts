/** BPE training word by word, counting all pairs anew for every merge: the reference of the trainer. */

import { toByteCharacters } from '../byte-alphabet.ts';

/** Merges as pairs of tokens in the byte alphabet. */
export function learnNaively(words: readonly string[], merges: number, minFrequency: number): [string, string][] {
  const encoder = new TextEncoder();
  const corpus = words.map((word) => [...encoder.encode(word)]);
  const tokens = Array.from({ length: 256 }, (_, byte) => toByteCharacters(Uint8Array.of(byte)));
  const learned: [string, string][] = [];
  while (learned.length < merges) {
    const counts = new Map<number, number>();
    for (const word of corpus) {
      for (let at = 0; at + 1 < word.length; at++) {
        const pair = word[at] * 2 ** 20 + word[at + 1];
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const [best] = [...counts].sort(([a, m], [b, n]) => n - m || a - b);
    if (best === undefined || best[1] < minFrequency) break;
    const [left, right] = [Math.floor(best[0] / 2 ** 20), best[0] % 2 ** 20];
    const token = tokens[left] + tokens[right];
    const known = tokens.indexOf(token);
    const result = known < 0 ? tokens.push(token) - 1 : known;
    learned.push([tokens[left], tokens[right]]);
    for (const word of corpus) {
      for (let at = 0; at + 1 < word.length; at++) {
        if (word[at] === left && word[at + 1] === right) word.splice(at, 2, result);
      }
    }
  }
  return learned;
}
