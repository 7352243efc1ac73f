/** Reading and writing Hugging Face's tokenizer.json. */

import { TokenizerError } from '@yoco-u/spec';
import { type BpeTokenizer, createBpeTokenizer } from './bpe-tokenizer.ts';
import type { JsonObject } from './json-reader.ts';
import { parseJsonText } from './json-text.ts';
import { readDefinition } from './read-definition.ts';
import type { TokenizerDefinition } from './tokenizer-definition.ts';

/**
 * Builds a tokenizer from a tokenizer.json: its text, or the parsed value, which is copied.
 * @param name of the file, for errors
 * @throws TokenizerError naming the key that is missing, contradictory or not supported
 */
export function parseTokenizer(json: unknown, name = 'tokenizer.json'): BpeTokenizer {
  try {
    return createBpeTokenizer(readDefinition(typeof json === 'string' ? parseJsonText(json) : json));
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    throw new TokenizerError(`${name}: ${error.message}`);
  }
}

/** Writes a tokenizer as the text of a tokenizer.json, with all keys that were read, known or not. */
export function serializeTokenizer(tokenizer: BpeTokenizer): string {
  if (tokenizer.definition === undefined) {
    throw new TokenizerError({
      where: 'serializeTokenizer',
      expected: 'a tokenizer made by parseTokenizer',
      got: 'one without a definition',
    });
  }
  const { source, model } = tokenizer.definition;
  return JSON.stringify({
    ...source.top,
    added_tokens: source.addedTokens,
    model: { ...source.model, vocab: Object.fromEntries(model.ids), merges: writeMerges(tokenizer.definition) },
  } satisfies JsonObject);
}

function writeMerges({ tokens, model, source }: TokenizerDefinition): readonly (string | readonly string[])[] {
  const { left, right } = model.merges;
  return Array.from(left, (id, rank) => {
    const pair = [tokens[id], tokens[right[rank]]];
    return source.mergesAsText ? pair.join(' ') : pair;
  });
}
