/** Bytes that ids stand for: what turns a loss per token into bits per byte. */

import type { Tokenizer } from '@yoco-u/spec';

/**
 * Counts the UTF-8 bytes of ids. Special tokens, and ids beyond the tokenizer's (of a padded vocabulary), stand for no text: they
 * count nothing.
 */
export function createByteCounter(tokenizer: Tokenizer): (ids: Iterable<number>) => number {
  const lengths = Uint32Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.bytesOf(id).length);
  for (const id of tokenizer.specialTokens.values()) lengths[id] = 0;
  return (ids) => {
    let bytes = 0;
    for (const id of ids) bytes += lengths[id] ?? 0;
    return bytes;
  };
}
